// Runs a program again and again in this process: `inside.js REPORT SECONDS PROGRAM ARGS…`; see inside.py.

const fs = require("fs");
const vm = require("vm");

const [report, seconds, path] = process.argv.slice(2);
process.argv.splice(1, 3);
// As a function its names are not those of the run before.
const program = vm.runInThisContext(`(function (require, process) {${fs.readFileSync(path, "utf8")}\n})`, { filename: path });
const write = process.stdout.write;
const times = [];
const spent = (since) => {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1e6;
};
const began = process.cpuUsage();
let output = "";
process.stdout.write = (text) => {
  output += text;
  return true;
};
while (times.length < 3 || spent(began) < seconds) {
  output = "";
  const start = process.cpuUsage();
  program(require, process);
  times.push(spent(start));
}
process.stdout.write = write;
fs.writeFileSync(report, times.map((t) => `${t.toFixed(9)}\n`).join(""));
process.stdout.write(output);
