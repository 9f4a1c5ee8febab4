"""Mixed traffic with faults on a schedule, for minutes; ends with a table of what was seen."""
