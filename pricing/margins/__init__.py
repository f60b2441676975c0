"""The margin watch: what is left of each price when what it costs us is paid. No tables of its own."""
