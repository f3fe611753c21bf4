// Judges requests, and answers where asked, by oav's LiveValidator: node oav_judge.mjs MODULES JOB OUT
//
// MODULES is the folder where oav is installed. JOB is JSON: {responses, documents: [{doc, file}], records: a file of JSON lines
// {doc, liveRequest, liveResponse}}. OUT gets {documents: {doc: {operations, faults}}, verdicts: one for each line}:
//   {found: the operation that the request is of, ambiguous: other operations whose template fits, too,
//    errors: [{code, message, paths}], response: [the same]}
// Whether it is the operation that was meant, and what oav does not look at, is for the caller to say.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";

const [modules, jobFile, outFile] = process.argv.slice(2);
const require = createRequire(join(resolve(modules), "package.json"));
const { LiveValidator } = require("oav");
const { parseValidationRequest } = require("oav/dist/lib/liveValidation/liveValidator");

// Operations are looked up by api-version, method and path, so a second document in one validator could answer for the first.
// A document that cannot be loaded is skipped with no more than a log line: it is kept here.
async function load(file) {
  const faults = [];
  const log = (message, level) => {
    if (level === "error" || /^Unable to initialize|^Failed/.test(message)) faults.push(message.split("\nErrorStack")[0]);
  };
  const options = {
    directory: dirname(file),
    swaggerPaths: [file],
    git: { shouldClone: false },
    loadValidatorInBackground: false,
    loadValidatorInInitialize: false,
    isPathCaseSensitive: true,
  };
  const validator = new LiveValidator(options, log);
  await validator.initialize();
  let operations = 0;
  for (const versions of validator.operationSearcher.cache.values())
    for (const methods of versions.values()) for (const found of methods.values()) operations += found.length;
  return { validator, operations, faults: [...faults] };
}

const template = (match) => match.operation._path._pathTemplate;
const holes = (match) => (template(match).match(/\{/g) ?? []).length;
const literal = (match) => template(match).replace(/\{[^}]*\}/g, "").length;
const order = (a, b) => holes(a) - holes(b) || literal(b) - literal(a);

// Where two templates fit, the one with fewer holes is meant, then the one with more text: `versions/latest` before
// `versions/{version}`, `{id}:save` before `{id}`.
function look(validator, request) {
  const parsed = parseValidationRequest(request.url, request.method, request.headers);
  const { matches, reason, apiVersion } = validator.operationSearcher.getPotentialOperations(parsed);
  if (matches.length === 0) return { reason };
  const [first, ...others] = [...matches].sort(order);
  if (others.length && order(first, others[0]) === 0)
    return { reason: { code: "MULTIPLE_OPERATIONS_FOUND", message: matches.map((m) => m.operation.operationId).join(", ") } };
  const info = { apiVersion, operationId: first.operation.operationId, validationRequest: parsed, operationMatch: first };
  return { info, others: others.map((m) => m.operation.operationId) };
}

const plain = ({ code, message, pathsInPayload, source, title }) => ({
  code,
  message: String(message),
  paths: pathsInPayload ?? [],
  source: source?.jsonRef ?? "",
  title: title ?? "",
});

const reasons = (result) => [
  ...result.errors.map(plain),
  ...(result.runtimeException ? [plain(result.runtimeException)] : []),
];

async function judge(validator, { liveRequest, liveResponse }, responses) {
  const { info, others, reason } = look(validator, liveRequest);
  if (!info) return { found: null, ambiguous: [], errors: [plain(reason)], response: [] };
  const keep = { includeOperationMatch: true };
  const request = await validator.validateLiveRequest(liveRequest, keep, { ...info });
  const answer = responses ? await validator.validateLiveResponse(liveResponse, liveRequest, keep, { ...info }) : null;
  return { found: info.operationId, ambiguous: others, errors: reasons(request), response: answer ? reasons(answer) : [] };
}

const job = JSON.parse(readFileSync(jobFile, "utf8"));
const lines = readFileSync(job.records, "utf8").split("\n").filter(Boolean).map((line) => JSON.parse(line));
const report = { documents: {}, verdicts: new Array(lines.length) };
for (const { doc, file } of job.documents) {
  const { validator, operations, faults } = await load(file);
  report.documents[doc] = { operations, faults };
  for (const [index, line] of lines.entries()) {
    if (line.doc !== doc) continue;
    report.verdicts[index] = operations
      ? await judge(validator, line, job.responses)
      : { found: null, ambiguous: [], errors: [{ code: "NOT_LOADED", message: faults.join("; "), paths: [] }], response: [] };
  }
}
writeFileSync(outFile, JSON.stringify(report));
