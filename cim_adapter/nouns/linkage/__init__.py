"""MasterDataLinkageConfig: which objects belong together, and when."""
