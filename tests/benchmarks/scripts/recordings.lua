-- Finished generations, each with an id of its own that begins with PREFIX.
require("counted")

local prefix, sent = os.getenv("PREFIX"), 0
local body = '{"generation_id":"%s-%d","generation_time":12.5,"success":true,"duration":5,"quality":"high"}'

function request()
    sent = sent + 1
    return wrk.format("POST", nil, nil, string.format(body, prefix, sent))
end
