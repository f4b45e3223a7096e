package lockfile

import "github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep508"

// lockGraph is what of a lock file's packages is reached from its roots.
type lockGraph struct {
	nodes map[int]*lockNode // by place in the lock file
	queue []lockPlace       // grows while it is followed
}

// lockNode is a reached package.
type lockNode struct {
	extras map[string]bool // that are asked for
	needs  map[string]bool // names of what it needs
	needed bool            // by another package, not only as a root
}

// lockPlace is a package, or one extra of it, whose needs are to be followed.
type lockPlace struct {
	index int
	extra string
}

func newLockGraph() *lockGraph { return &lockGraph{nodes: map[int]*lockNode{}} }

// reach notes a package, with an extra of it where extra is not "".
func (g *lockGraph) reach(i int, extra string) {
	n, ok := g.nodes[i]
	if !ok {
		n = &lockNode{extras: map[string]bool{}, needs: map[string]bool{}}
		g.nodes[i] = n
		g.queue = append(g.queue, lockPlace{index: i})
	}
	if extra != "" && !n.extras[extra] {
		n.extras[extra] = true
		g.queue = append(g.queue, lockPlace{i, extra})
	}
}

// need notes a package that another one needs, with some extras, among the names of what
// that needs.
func (g *lockGraph) need(needs map[string]bool, name string, i int, extras []string) {
	needs[name] = true
	g.reach(i, "")
	for _, extra := range extras {
		g.reach(i, pep508.NormalizeName(extra))
	}
}
