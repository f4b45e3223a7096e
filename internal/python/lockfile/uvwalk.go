package lockfile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep508"
)

// uvWalk follows the dependencies that hold on one target.
type uvWalk struct {
	*lockReader
	lock *uvLock
	env  pep508.Env
	// active are the extras and groups that are asked for, as markers of
	// dependencies name them.
	active []string
}

// Extras, groups and packages as the markers of a uv.lock name them: as extras,
// with the length of the package's name before it.
func uvExtra(pkg, extra string) string { return fmt.Sprintf("extra-%d-%s-%s", len(pkg), pkg, extra) }
func uvGroup(pkg, group string) string { return fmt.Sprintf("group-%d-%s-%s", len(pkg), pkg, group) }
func uvProject(pkg string) string      { return fmt.Sprintf("project-%d-%s", len(pkg), pkg) }

// activate finds which extras and groups are active, and faults those that
// exclude each other. Extras of dependencies are found by walking until no
// more come up.
func (w *uvWalk) activate() error {
	for _, i := range w.lock.roots {
		p := &w.lock.Packages[i]
		w.active = append(w.active, uvProject(p.Name))
		for _, extra := range w.Extras {
			if _, has := named(p.Optional, extra); has {
				w.active = append(w.active, uvExtra(p.Name, extra))
			}
		}
		for _, group := range w.Groups {
			if _, has := named(p.Dev, group); has {
				w.active = append(w.active, uvGroup(p.Name, group))
			}
		}
	}
	for len(w.lock.Conflicts) > 0 {
		before := len(w.active)
		reached, err := w.walk()
		if err != nil {
			return err
		}
		for i, n := range reached {
			for extra := range n.extras {
				if name := uvExtra(w.lock.Packages[i].Name, extra); !slices.Contains(w.active, name) {
					w.active = append(w.active, name)
				}
			}
		}
		if len(w.active) == before {
			break
		}
	}
	return w.conflict()
}

func (w *uvWalk) conflict() error {
	for _, set := range w.lock.Conflicts {
		var both []string
		for _, c := range set {
			name, text := uvProject(pep508.NormalizeName(c.Package)), fmt.Sprintf("package %q", c.Package)
			if c.Extra != "" {
				name, text = uvExtra(pep508.NormalizeName(c.Package), pep508.NormalizeName(c.Extra)), fmt.Sprintf("extra %q of %q", c.Extra, c.Package)
			} else if c.Group != "" {
				name, text = uvGroup(pep508.NormalizeName(c.Package), pep508.NormalizeName(c.Group)), fmt.Sprintf("group %q of %q", c.Group, c.Package)
			}
			if slices.Contains(w.active, name) {
				both = append(both, text)
			}
		}
		if len(both) > 1 {
			return w.fault("", "%s exclude each other: the project declares them as conflicts, so ask for one of them", strings.Join(both, " and "))
		}
	}
	return nil
}

// walk returns the packages that the roots need, with the roots.
func (w *uvWalk) walk() (map[int]*lockNode, error) {
	g := newLockGraph()
	for _, i := range w.lock.roots {
		g.reach(i, "")
		for _, extra := range w.Extras {
			if _, has := named(w.lock.Packages[i].Optional, extra); has {
				g.reach(i, extra)
			}
		}
	}
	for _, group := range w.Groups {
		deps, _ := named(w.lock.Manifest.Groups, group)
		if err := w.follow(g, "", deps, map[string]bool{}); err != nil {
			return nil, err
		}
		for _, i := range w.lock.roots {
			p := &w.lock.Packages[i]
			deps, _ := named(p.Dev, group)
			if err := w.follow(g, p.Name, deps, g.nodes[i].needs); err != nil {
				return nil, err
			}
		}
	}
	for n := 0; n < len(g.queue); n++ {
		at := g.queue[n]
		p := &w.lock.Packages[at.index]
		deps := p.Needs
		if at.extra != "" {
			deps, _ = named(p.Optional, at.extra)
		}
		if err := w.follow(g, p.Name, deps, g.nodes[at.index].needs); err != nil {
			return nil, err
		}
	}
	return g.nodes, nil
}

// follow reaches what dependencies mean, and adds their names to needs.
func (w *uvWalk) follow(g *lockGraph, from string, deps []uvDependency, needs map[string]bool) error {
	for _, d := range deps {
		i, ok, err := w.target(from, d)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		name := w.lock.Packages[i].Name
		g.need(needs, name, i, slices.Concat(d.Extras, d.Asked))
		g.nodes[i].needed = g.nodes[i].needed || from != name
	}
	return nil
}

// target returns the package that a dependency means, if its marker holds.
func (w *uvWalk) target(from string, d uvDependency) (int, bool, error) {
	entry := strings.TrimSpace(from + " needs " + d.Name)
	if ok, err := w.holds(entry, d.Marker, w.env, w.active); !ok {
		return 0, false, err
	}
	var found []int
	for _, i := range w.lock.byName[pep508.NormalizeName(d.Name)] {
		p := &w.lock.Packages[i]
		if (d.Version == "" || d.Version == p.Version) && (d.Source == uvSource{} || d.Source == p.Source) {
			found = append(found, i)
		}
	}
	if len(found) > 1 {
		var err error
		if found, err = w.inFork(found); err != nil {
			return 0, false, err
		}
	}
	switch len(found) {
	case 0:
		return 0, false, w.fault(entry, "the lock file holds no such package: it is damaged, lock again")
	case 1:
		return found[0], true, nil
	}
	return 0, false, w.fault(entry, "the lock file holds %d packages that this could mean: lock again", len(found))
}

// inFork returns the packages whose forks of the resolution hold.
func (w *uvWalk) inFork(indexes []int) ([]int, error) {
	var found []int
	for _, i := range indexes {
		p := &w.lock.Packages[i]
		fits := len(p.Forks) == 0
		for _, marker := range p.Forks {
			ok, err := w.holds(p.Name, marker, w.env, w.active)
			if err != nil {
				return nil, err
			}
			fits = fits || ok
		}
		if fits {
			found = append(found, i)
		}
	}
	return found, nil
}
