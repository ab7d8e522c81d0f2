"""May it: three-valued rules over facts, with the proof."""
