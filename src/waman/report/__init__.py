"""Writes every HTML and PDF page, the machine twin and the terminal summary.

:func:`document` turns what an audience may see into plain data; :func:`write_html`, :func:`write_json` and
:func:`summary` are drawn from that data and from nothing else.
"""

from waman.report.beside import write_beside
from waman.report.document import Layer, document
from waman.report.dossier import write_dossier
from waman.report.layers import coverage_layers
from waman.report.page import write_html, write_json
from waman.report.terminal import summary

__all__ = [
    "Layer",
    "coverage_layers",
    "document",
    "summary",
    "write_beside",
    "write_dossier",
    "write_html",
    "write_json",
]
