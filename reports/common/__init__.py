"""Sections of every report, whatever its protocol."""

from collections.abc import Callable

from gaitbench.reports.common.convergence import convergence_sections
from gaitbench.reports.common.differences import spread_sections
from gaitbench.reports.common.linear_reference import linear_reference_sections
from gaitbench.reports.common.quality import detector_sections, metrics_sections
from gaitbench.reports.common.searches import search_sections
from gaitbench.results.frame import Results
from gaitbench.results.section import Section

SECTIONS: tuple[Callable[[Results], list[Section]], ...] = (
    linear_reference_sections,
    convergence_sections,
    detector_sections,
    spread_sections,
    search_sections,
    metrics_sections,
)
"""In the order of the report."""
