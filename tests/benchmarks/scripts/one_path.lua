require("counted")
