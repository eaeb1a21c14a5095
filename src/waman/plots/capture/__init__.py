"""Recordings with a framing: pcap, pcapng, IOSS Final Format, RFF; raw blocks need none."""

from waman.plots.capture.payloads import Payloads
from waman.plots.capture.read import looks_like, read

__all__ = ["Payloads", "looks_like", "read"]
