package locked

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/modules"
)

// finish sorts the tree and writes its notes: one for each fact, however many
// packages it is about.
func (w *treeWriter) finish() *modules.Tree {
	slices.SortFunc(w.tree.Packages, func(a, b modules.Package) int { return cmp.Compare(a.Path, b.Path) })
	slices.SortFunc(w.tree.Local, func(a, b modules.Local) int { return cmp.Compare(a.Path, b.Path) })
	if len(w.added) > 0 {
		w.note("the lock file %q, written on another system, lacks what %s needs: %s came from the registry. Run the package manager's install on Linux to lock it", w.File, w.target, strings.Join(modules.Sorted(w.added), ", "))
	}
	if len(w.weak) > 0 {
		w.note("the only digest of %s is a SHA-1, which can be forged", strings.Join(modules.Sorted(w.weak), ", "))
	}
	if len(w.sealed) > 0 {
		w.note("the lock file %q has no integrity of %s: that of the registry is locked here", w.File, modules.Some(modules.Sorted(w.sealed)))
	}
	for _, note := range w.Graph.Notes {
		w.note("%s", note)
	}
	w.noteMissingPeers()
	w.noteEngines()
	w.tree.Notes = slices.Sorted(maps.Keys(w.notes))
	return w.tree
}

// noteMissingPeers tells which peers nobody has: yarn does not install them,
// and npm not with --legacy-peer-deps.
func (w *treeWriter) noteMissingPeers() {
	names := map[string]bool{}
	for key := range w.live {
		names[w.Packages[key].Name] = true
	}
	wanted := map[string][]string{} // packages by the peer
	for key := range w.live {
		for _, e := range w.Packages[key].Edges {
			if e.Kind == Peer && e.To == "" && !names[e.Name] && key != w.Root {
				peer := e.Name + " " + e.Spec
				wanted[peer] = append(wanted[peer], w.Packages[key].String())
			}
		}
	}
	for peer, packages := range wanted {
		packages = modules.Sorted(packages)
		if len(packages) == 1 {
			w.note("%s wants its user to have %s, which is not among the production dependencies", packages[0], peer)
			continue
		}
		w.note("%d packages want their user to have %s, which is not among the production dependencies: %s", len(packages), peer, modules.Some(packages))
	}
}

// noteEngines tells which packages ask for another Node.js than the target has,
// and which optional ones are left out for that.
func (w *treeWriter) noteEngines() {
	asking, dropped := map[string][]string{}, map[string][]string{} // packages by the range
	for key := range w.live {
		if p := w.Packages[key]; key != w.Root && !p.admits(w.target) {
			asking[p.Node] = append(asking[p.Node], p.String())
		}
	}
	for key, engine := range w.engines {
		dropped[engine] = append(dropped[engine], w.Packages[key].String())
	}
	for _, note := range modules.EngineNotes(asking, dropped, w.target.Node) {
		w.note("%s", note)
	}
}
