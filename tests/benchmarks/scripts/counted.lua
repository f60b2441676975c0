-- What a run counted, as one line of JSON. It costs nothing while requests run.
function done(summary, latency)
    local errors = summary.errors
    local failures = errors.connect + errors.read + errors.write + errors.status + errors.timeout
    print(string.format(
        '{"requests": %d, "microseconds": %d, "bytes": %d, "p99": %d, "failures": %d}',
        summary.requests, summary.duration, summary.bytes, latency:percentile(99), failures
    ))
end
