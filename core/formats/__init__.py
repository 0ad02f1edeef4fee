"""File formats: quant names, GGUF headers, model.yml. Pure readers that know no hub, no task and no network."""
