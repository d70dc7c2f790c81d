"""One file per figure, each against an anchor that is measured in the same run."""
