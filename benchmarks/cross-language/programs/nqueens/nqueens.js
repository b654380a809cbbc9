class Board {
  constructor(n) {
    this.n = n;
    this.columns = new Array(n).fill(false);
    this.rising = new Array(2 * n).fill(false);
    this.falling = new Array(2 * n).fill(false);
  }

  solutions(row) {
    if (row === this.n) return 1;
    let total = 0;
    for (let c = 0; c < this.n; c++) {
      const up = row + c;
      const down = row - c + this.n;
      if (!(this.columns[c] || this.rising[up] || this.falling[down])) {
        this.columns[c] = true;
        this.rising[up] = true;
        this.falling[down] = true;
        total += this.solutions(row + 1);
        this.columns[c] = false;
        this.rising[up] = false;
        this.falling[down] = false;
      }
    }
    return total;
  }
}

const n = Number(process.argv[2] ?? 8);
console.log(new Board(n).solutions(0));
