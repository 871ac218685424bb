// A request as a command or a piece of code to copy.
const INLINE_LINES = 24; // a longer body is read from a file

// Options as the custom attributes of a request: pairs, or JSON where a value is no plain word.
function attributesOf(options) {
  const entries = Object.entries(options);
  if (!entries.length) return "";
  const plain = entries.every(([, value]) => /^[\w.+-]+$/.test(String(value)) && typeof value !== "object");
  if (plain) return entries.map(([name, value]) => `${name}=${value}`).join(",");
  return JSON.stringify(options).replace(/[\u0080-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
const isInline = (request) => typeof request.body === "string" && request.body.split("\n").length <= INLINE_LINES;

function curlOf(url, request) {
  const parts = [`curl -s ${url}`, `-H ${quoted(`Content-Type: ${request.type}`)}`, `-H ${quoted("Accept: application/json")}`];
  const attributes = attributesOf(request.options);
  if (attributes) parts.push(`-H ${quoted(`X-Amzn-SageMaker-Custom-Attributes: ${attributes}`)}`);
  if (!isInline(request)) return [...parts, `--data-binary ${quoted(`@${request.name}`)}`].join(" \\\n  ");
  let mark = "ROWS";
  while (request.body.includes(mark)) mark += "_";
  return `${[...parts, `--data-binary @- <<'${mark}'`].join(" \\\n  ")}\n${request.body.replace(/\n?$/, "\n")}${mark}`;
}

// The same rows as tensors of the Open Inference Protocol, an input a column; a note where they are none.
const DATATYPES = { number: "FP64", integer: "FP64", boolean: "BOOL" };

function oipOf(url, table, options) {
  if (!table?.height) return "# The request has no rows yet, or they cannot be read.";
  if (table.height > INLINE_LINES) return `# ${table.height} rows are too many for a command: send them with a client, such as tritonclient.`;
  if (table.rows.some((row) => row.some(Array.isArray))) return "# Cells that are lists go as a tensor with a row each; see docs/kubernetes.md.";
  const inputs = table.names.map((name, place) => {
    const cells = table.rows.map((row) => row[place]);
    const written = cells.some((cell) => typeof cell === "string"); // as CSV has a boolean, too
    const datatype = (!written && DATATYPES[table.kinds[place]]) || "BYTES";
    const data = cells.map((cell) => (datatype === "BYTES" && cell !== null ? String(cell) : cell));
    return { name, shape: [table.height], datatype, data };
  });
  const document = Object.keys(options).length ? { parameters: options, inputs } : { inputs };
  return `curl -s ${url} -d ${quoted(JSON.stringify(document))}`;
}

function bodyOf(request) {
  if (!isInline(request)) return `open(${JSON.stringify(request.name)}, "rb").read()`;
  const lines = request.body.split(/(?<=\n)/).map((line) => `    ${JSON.stringify(line)}`);
  return lines.length > 1 ? `(\n${lines.join("\n")}\n)` : JSON.stringify(request.body);
}

function boto3Of(request) {
  const attributes = attributesOf(request.options);
  const lines = [
    "import boto3", "", `rows = ${bodyOf(request)}`,
    'answer = boto3.client("sagemaker-runtime").invoke_endpoint(', '    EndpointName="my-endpoint",',
    `    ContentType=${JSON.stringify(request.type)},`, '    Accept="application/json",',
  ];
  if (attributes) lines.push(`    CustomAttributes=${JSON.stringify(attributes)},`);
  return [...lines, "    Body=rows,", ")", 'print(answer["Body"].read().decode())'].join("\n");
}

function sdkOf(request) {
  const attributes = attributesOf(request.options);
  const lines = [
    "from sagemaker.core.resources import Endpoint", "", `rows = ${bodyOf(request)}`,
    'answer = Endpoint.get("my-endpoint").invoke(', "    body=rows,",
    `    content_type=${JSON.stringify(request.type)},`, '    accept="application/json",',
  ];
  if (attributes) lines.push(`    custom_attributes=${JSON.stringify(attributes)},`);
  return [...lines, ")", "print(answer.body.read().decode())"].join("\n");
}
