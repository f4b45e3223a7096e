// AWS's client asks the Runtime API by a native module that has to be compiled.
// This takes its place: the same three functions over node:http.
"use strict";
const http = require("node:http");
const Module = require("node:module");

const [hostname, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

// What was answered last: the next event is asked for after it has arrived.
let answered = Promise.resolve();

function send(method, path, body, headers) {
  return new Promise((resolve, reject) => {
    const request = http.request({ agent, hostname, port, method, path: "/2018-06-01/runtime/invocation/" + path, headers }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (part) => (text += part)).on("end", () => resolve({ bodyJson: text, headers: answer.headers })).on("error", reject);
    });
    request.on("error", reject).end(body);
  });
}

function post(path, body, headers = {}) {
  answered = send("POST", path, body, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body), ...headers });
  answered.catch(() => {}); // next tells it
}

const client = {
  initializeClient() {},
  next: () => answered.then(() => send("GET", "next")),
  done: (id, body) => post(id + "/response", body),
  error: (id, body, cause) => post(id + "/error", body, { "Lambda-Runtime-Function-XRay-Error-Cause": cause }),
};

const load = Module._load;
Module._load = function (request, ...rest) {
  return request === "./rapid-client.node" ? client : load.call(this, request, ...rest);
};
