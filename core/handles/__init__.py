"""Handles: what a person types, pastes or drops, understood; and back again in its shortest form.

Pure: no network, no disk, no Qt. May use records, errors, the path rules, the origin rules and quant names.
A text is understood as a `Handle` or refused with one sentence that says why; nothing else ever comes out.

    text ── parse ──► commands (pasted commands, "Use this model" links) ─┐
              ├─────► urls     (hub pages, direct files)                  ├──► Handle ── format_handle ──► task id
              └─────► short    (org/repo, name:branch, org:repo:file) ◄───┘
"""

from core.handles.parse import ACCEPTED_FORMS, EXAMPLES, Parsed, parse_handle, parse_many
from core.handles.short import format_handle, with_revision

__all__ = ["ACCEPTED_FORMS", "EXAMPLES", "Parsed", "format_handle", "parse_handle", "parse_many", "with_revision"]
