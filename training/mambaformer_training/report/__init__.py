"""The report on the assistant's answers (docs/REPORT.md): measures, routing, figures and text, all from files that the evaluation commands write."""
