"""What reads the texts of strangers, thrown garbage at: by Hypothesis in the suite, by atheris in `make fuzz`."""
