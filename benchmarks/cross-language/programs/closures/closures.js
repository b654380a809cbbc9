function makeCounter(start) {
  let current = start;
  return () => {
    current += 1;
    return current;
  };
}

function makeAdder(k) {
  return x => x + k;
}

function compose(f, g) {
  return x => g(f(x));
}

function run(n) {
  const counters = [makeCounter(0), makeCounter(10), makeCounter(20)];
  const shift = compose(makeAdder(3), makeAdder(-1));
  let total = 0;
  for (let i = 0; i < n; i++) {
    const next = counters[i % 3];
    const add = makeAdder(i % 5);
    total = (add(total) + next() + shift(i)) % 1000003;
  }
  return total;
}

const n = Number(process.argv[2] ?? 300000);
console.log(run(n));
