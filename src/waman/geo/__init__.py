"""Frames, geodesy, units and time on WGS 84. No file is opened here.

Public names: :mod:`waman.geo.units` (factors), :mod:`waman.geo.time` (UTC microseconds),
:mod:`waman.geo.geodesy` (distances and azimuths on the ellipsoid), :mod:`waman.geo.frames`
(the azimuthal equidistant frame of a sensor), :mod:`waman.geo.positions` (what people write).
"""
