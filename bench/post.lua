-- For wrk: posts the files that the file named by BODIES lists, one a line, in turn, and prints one line of results.
local bodies, sent = {}, 0

function init()
  for name in io.lines(os.getenv("BODIES")) do
    local file = assert(io.open(name, "rb"))
    table.insert(bodies, file:read("*a"))
    file:close()
  end
end

function request()
  sent = sent + 1
  local body = bodies[(sent - 1) % #bodies + 1]
  return wrk.format("POST", nil, { ["Content-Type"] = "application/json" }, body)
end

function done(summary, latency)
  local seconds = summary.duration / 1e6
  local errors = summary.errors
  io.write(string.format("rps=%.1f p50_ms=%.1f p99_ms=%.1f non2xx=%d socket=%d\n", summary.requests / seconds,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout))
end
