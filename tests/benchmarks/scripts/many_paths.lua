-- The paths in the file PATHS, one a line, in this order and again from the start.
require("counted")

local asked, turn = {}, 0

function init()
    local made = {}
    for path in io.lines(os.getenv("PATHS")) do
        made[path] = made[path] or wrk.format("GET", path)
        asked[#asked + 1] = made[path]
    end
end

function request()
    turn = turn % #asked + 1
    return asked[turn]
end
