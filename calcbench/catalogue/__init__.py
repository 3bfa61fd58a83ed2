"""The catalogues of problems and backends, built in or third party, and selections of them."""
