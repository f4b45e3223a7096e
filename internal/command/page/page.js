"use strict";
// The page of one layer: a size map that is walked by pointer and keyboard, and a
// table that is sorted and filtered. It asks nothing of the network.
(function () {
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);

  // bytes writes a size as the text of the command does.
  function bytes(n) {
    if (n < 1024) return n + " B";
    let unit = -1;
    do { n /= 1024; unit++; } while (n >= 1024 && unit < 3);
    return n.toFixed(1) + " " + "KMGT"[unit] + "iB";
  }

  // kindOf sorts files by what they are for.
  function kindOf(name) {
    if (/\.(so(\.[0-9.]+)?|node|dylib|dll|exe|a|wasm)$/i.test(name)) return "native";
    if (/\.(py|pyi|js|cjs|mjs|ts|mts|cts|jsx|tsx|rb|jar|class|sh)$/i.test(name)) return "code";
    if (/\.pyc$/i.test(name)) return "bytecode";
    if (/\.(md|rst|txt|html?|css|map|json|ya?ml|toml|xml|csv)$/i.test(name)) return "text";
    return "data";
  }

  // grow builds the tree that is shown: layer, distributions, folders, files.
  // Folders with one folder in them are shown as one.
  function grow() {
    const root = { name: data.name, size: 0, files: 0, children: new Map() };
    const tops = data.contents.map((c) => ({ name: c, size: 0, files: 0, children: new Map() }));
    let path = "";
    for (let i = 0; i < data.paths.length; i++) {
      path = path.slice(0, data.shared[i]) + data.paths[i];
      const size = data.sizes[i], of = data.of[i];
      const top = tops[of];
      root.children.set(of, top);
      let at = top;
      const parts = path.split("/");
      for (const node of [root, top]) { node.size += size; node.files++; }
      for (let k = 0; k < parts.length; k++) {
        const leaf = k === parts.length - 1;
        let next = at.children.get(parts[k]);
        if (!next) {
          next = { name: parts[k], size: 0, files: 0, children: leaf ? null : new Map() };
          at.children.set(parts[k], next);
        }
        next.size += size;
        next.files++;
        if (leaf) { next.path = path; next.packed = data.packed[i]; next.kind = kindOf(path); }
        at = next;
      }
    }
    for (const top of tops) settle(top, true);
    settle(root, false);
    return root;
  }

  // settle sorts the children of a node and all below it, the largest first, and
  // finds the kind that most of its bytes are of.
  function settle(node, deep) {
    let all = [...node.children.values()];
    if (deep) {
      all = all.map((child) => {
        while (child.children && child.children.size === 1) {
          const only = [...child.children.values()][0];
          only.name = child.name + "/" + only.name;
          child = only;
        }
        if (child.children) settle(child, true);
        return child;
      });
      if (all.length === 1 && all[0].list) all = all[0].list;
      else if (all.length === 1) { // a single file
        Object.assign(node, { path: all[0].path, packed: all[0].packed, kind: all[0].kind });
        return;
      }
    }
    const kinds = {};
    for (const child of all) {
      child.up = node;
      kinds[child.kind] = (kinds[child.kind] || 0) + child.size;
    }
    node.kind = Object.keys(kinds).sort((a, b) => kinds[b] - kinds[a])[0] || "data";
    node.list = all.sort((a, b) => b.size - a.size || (a.name < b.name ? -1 : 1));
  }

  // squarify lays nodes into a rectangle, each as large as its share (Bruls,
  // Huizing, van Wijk: "Squarified treemaps", 2000).
  function squarify(nodes, x, y, w, h) {
    const out = [];
    let left = 0;
    for (const n of nodes) left += n.size;
    let i = 0;
    while (i < nodes.length && left > 0 && w > 0 && h > 0) {
      const short = Math.min(w, h), scale = (w * h) / left;
      let row = 0, worst = Infinity, k = i;
      for (; k < nodes.length; k++) {
        const sum = row + nodes[k].size, side = (sum * scale) / short;
        const ratio = (size) => Math.max((size * scale) / (side * side), (side * side) / (size * scale));
        const now = Math.max(ratio(nodes[i].size), ratio(nodes[k].size));
        if (k > i && now > worst) break;
        worst = now;
        row = sum;
      }
      const side = (row * scale) / short;
      let along = 0;
      for (let m = i; m < k; m++) {
        const length = (nodes[m].size * scale) / side;
        out.push(w >= h ? { node: nodes[m], x: x, y: y + along, w: side, h: length } : { node: nodes[m], x: x + along, y: y, w: length, h: side });
        along += length;
      }
      if (w >= h) { x += side; w -= side; } else { y += side; h -= side; }
      left -= row;
      i = k;
    }
    return out;
  }

  const most = 240; // tiles at once: more cannot be told apart
  const map = byId("map"), crumbs = byId("crumbs"), told = byId("told"), said = byId("said");
  const root = grow();
  let here = root, tiles = [];

  const percent = (n) => (root.size ? ((100 * n) / root.size).toFixed(n * 10 < root.size ? 1 : 0) : "0") + "% of the layer";
  function describe(node) {
    const text = (node.path || node.name) + ", " + bytes(node.size) + ", " + percent(node.size);
    return node.list ? text + ", " + node.files + (node.files === 1 ? " file" : " files") : text + (node.packed === undefined ? "" : ", " + bytes(node.packed) + " in the zip");
  }

  // shownOf returns the children that get a tile; the small ones share one.
  function shownOf(node) {
    const all = node.list.filter((n) => n.size > 0);
    if (all.length <= most) return all;
    const rest = all.slice(most - 1);
    const more = { name: rest.length + " smaller", size: 0, files: 0, list: rest, up: node, kind: "data", more: true };
    for (const n of rest) { more.size += n.size; more.files += n.files; }
    return all.slice(0, most - 1).concat(more);
  }

  function draw() {
    const w = map.clientWidth || 800, h = map.clientHeight || 500;
    map.textContent = "";
    const left = { parts: 3000, w: 0, h: 0 }; // more cannot be seen
    tiles = squarify(shownOf(here), 0, 0, w, h);
    tiles.forEach((t, i) => {
      const b = document.createElement("button");
      b.type = "button";
      b.className = "tile " + t.node.kind + (t.node.list ? "" : " file");
      place(b, t, w, h);
      b.setAttribute("aria-label", describe(t.node) + (t.node.list ? ", opens" : ""));
      b.title = describe(t.node);
      b.tabIndex = i === 0 ? 0 : -1;
      if (t.w > 44 && t.h > 20) {
        const label = document.createElement("span");
        label.className = "label";
        label.setAttribute("aria-hidden", "true");
        label.textContent = t.node.name + " ";
        const size = document.createElement("span");
        size.className = "bytes";
        size.textContent = bytes(t.node.size);
        label.append(size);
        if (t.node.list && t.w > 40 && t.h > 40) {
          left.w = t.w - 2; left.h = t.h - 2;
          drawParts(b, t.node, 1, 21, t.w - 4, t.h - 24, left);
        }
        b.append(label);
      }
      t.button = b;
      map.append(b);
    });
    drawCrumbs();
    told.textContent = describe(here);
  }

  // place puts an element where it belongs, in shares of what it lies in: paper has
  // another width than the screen.
  function place(element, at, w, h) {
    element.style.left = (100 * at.x) / w + "%"; element.style.top = (100 * at.y) / h + "%";
    element.style.width = (100 * at.w) / w + "%"; element.style.height = (100 * at.h) / h + "%";
  }

  // drawParts shows what is in a tile and in its folders, without names.
  function drawParts(button, node, x, y, w, h, left) {
    for (const p of squarify(shownOf(node).slice(0, 60), x, y, w, h)) {
      if (p.w < 4 || p.h < 4 || left.parts <= 0) continue;
      if (p.node.list && p.w > 12 && p.h > 12) {
        drawParts(button, p.node, p.x + 1, p.y + 1, p.w - 2, p.h - 2, left);
        continue;
      }
      left.parts--;
      const s = document.createElement("span");
      s.className = "part " + p.node.kind;
      s.setAttribute("aria-hidden", "true");
      place(s, p, left.w, left.h);
      button.append(s);
    }
  }

  function drawCrumbs() {
    crumbs.textContent = "";
    const way = [];
    for (let n = here; n; n = n.up) way.unshift(n);
    way.forEach((n) => {
      const li = document.createElement("li"), b = document.createElement("button");
      b.type = "button";
      b.textContent = n === root ? "All" : n.name;
      if (n === here) b.setAttribute("aria-current", "location");
      b.addEventListener("click", () => go(n));
      li.append(b);
      crumbs.append(li);
    });
  }

  // go shows a node; from is the one whose tile gets the focus.
  function go(node, from) {
    here = node;
    draw();
    said.textContent = describe(node);
    focus(Math.max(0, tiles.findIndex((t) => t.node === from)));
  }

  function focus(i) {
    tiles.forEach((t, k) => { t.button.tabIndex = k === i ? 0 : -1; });
    if (tiles[i]) tiles[i].button.focus({ preventScroll: true });
  }

  const indexOf = (target) => tiles.findIndex((t) => t.button === target || t.button.contains(target));
  map.addEventListener("click", (e) => {
    const t = tiles[indexOf(e.target)];
    if (!t) return;
    if (t.node.list) go(t.node);
    else told.textContent = describe(t.node);
  });
  map.addEventListener("focusin", (e) => {
    const t = tiles[indexOf(e.target)];
    if (t) told.textContent = describe(t.node);
  });
  map.addEventListener("mouseover", (e) => {
    const t = tiles[indexOf(e.target)];
    if (t) told.textContent = describe(t.node);
  });
  map.addEventListener("keydown", (e) => {
    const i = indexOf(e.target);
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (steps[e.key] && i >= 0) focus(nearest(i, steps[e.key]));
    else if (e.key === "Home") focus(0);
    else if (e.key === "End") focus(tiles.length - 1);
    else if ((e.key === "Escape" || e.key === "Backspace") && here.up) go(here.up, here);
    else return;
    e.preventDefault();
  });

  // nearest returns the tile that lies closest in a direction.
  function nearest(i, [dx, dy]) {
    const a = tiles[i], middle = (t) => [t.x + t.w / 2, t.y + t.h / 2];
    let best = i, least = Infinity;
    tiles.forEach((b, k) => {
      const [ax, ay] = middle(a), [bx, by] = middle(b);
      const ahead = (bx - ax) * dx + (by - ay) * dy, aside = Math.abs((bx - ax) * dy) + Math.abs((by - ay) * dx);
      if (k !== i && ahead > 0.5 && ahead + 2 * aside < least) { best = k; least = ahead + 2 * aside; }
    });
    return best;
  }

  // The table.
  const body = byId("contents").tBodies[0], rows = [...body.rows], heads = [...byId("contents").tHead.rows[0].cells];
  const value = (row, i) => {
    const cell = row.cells[i], n = cell.getAttribute("data-number");
    return n === null ? cell.textContent.trim().toLowerCase() : Number(n);
  };
  heads.forEach((head, i) => {
    head.querySelector("button").addEventListener("click", () => {
      const now = head.getAttribute("aria-sort"), numbers = head.classList.contains("number");
      const rising = now ? now === "descending" : !numbers;
      heads.forEach((h) => h.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", rising ? "ascending" : "descending");
      rows.sort((a, b) => {
        const x = value(a, i), y = value(b, i);
        return (x < y ? -1 : x > y ? 1 : 0) * (rising ? 1 : -1);
      });
      for (const row of rows) body.append(row);
    });
  });
  const field = byId("filter"), counted = byId("counted");
  field.addEventListener("input", () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((w) => text.includes(w));
      if (!row.hidden) shown++;
    }
    counted.textContent = shown + " of " + rows.length;
  });

  let due = 0;
  window.addEventListener("resize", () => {
    clearTimeout(due);
    due = setTimeout(draw, 100);
  });
  draw();
})();
