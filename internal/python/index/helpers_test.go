package index

const chain = `
a 1.0
a 2.0
  requires: b>=2
b 2.0
  requires: c
c 1.0
`
