// What Cloud Logging sends as a row of BigQuery: names as a log sink would write them, so that monitoring reads both alike.
// Pub/Sub runs one of `prediction` and `label` over each message; null leaves it out. What throws is a dead letter.

function column(name) {
  return name.toLowerCase().replace(/[^a-z0-9_]/g, "_").replace(/^_+/, "");
}

function columns(values) {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [column(name), value]));
}

function row(entry) {
  const timestamp = entry.timestamp.replace(/(\.\d{6})\d+/, "$1"); // BigQuery refuses nanoseconds
  return { timestamp: timestamp, jsonPayload: columns(entry.jsonPayload) };
}

function prediction(message, metadata) {
  const entry = JSON.parse(message.data);
  const payload = entry.jsonPayload;
  if (payload.model === undefined) return null;
  const made = row(entry);
  made.jsonPayload.features = columns(payload.features);
  const clusters = { model: payload.model, version: payload.version, client: payload.client };
  return { data: JSON.stringify({ ...made, ...clusters }), attributes: message.attributes };
}

function label(message, metadata) {
  const entry = JSON.parse(message.data);
  const payload = entry.jsonPayload;
  if (payload.model !== undefined) return null;
  return { data: JSON.stringify({ ...row(entry), id: payload.id }), attributes: message.attributes };
}
