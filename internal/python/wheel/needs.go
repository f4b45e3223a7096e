package wheel

import (
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep508"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// Need is a distribution that another one declares to need.
type Need struct {
	Name   string   // normalised
	Extras []string // of it, normalised
	Marker string   // "" where it is always needed
}

// Described is a distribution as its METADATA describes it, in a layer.
type Described struct {
	Name  string // normalised
	Needs []Need
	// Site is the folder that it is installed in; "" is the root.
	Site string
}

// FoundBy reports whether a target looks into the site; that of the code of a function
// is the root.
func (d *Described) FoundBy(t runtimes.Target, function bool) bool {
	if t.Family != runtimes.Python {
		return false
	}
	return function && d.Site == "" || !function && slices.Contains(t.Paths, d.Site)
}

// maxNeeds bounds the needs that are kept of one distribution.
const maxNeeds = 4096

// Describes returns the folder that a distribution is installed in, by the path of
// its METADATA or PKG-INFO, and false for any other file.
func Describes(path string) (site string, ok bool) {
	if !strings.HasSuffix(path, "/METADATA") && !strings.HasSuffix(path, "/PKG-INFO") && !strings.HasSuffix(path, ".egg-info") {
		return "", false
	}
	folder, file, ok := infoFile(path)
	if !ok || file != "METADATA" && file != "PKG-INFO" {
		return "", false
	}
	return parentOf(folder), true
}

// Describe reads METADATA or PKG-INFO, without the site. It reports false where there
// is no name. A need that is malformed is left out.
func Describe(metadata []byte) (Described, bool) {
	m, _ := ParseMetadata(metadata)
	return m.described(""), m.Name != ""
}

// described returns what it declares to need.
func (m *Metadata) described(site string) Described {
	d := Described{Name: pep508.NormalizeName(m.Name), Site: site}
	for _, r := range m.RequiresDist[:min(len(m.RequiresDist), maxNeeds)] {
		d.Needs = append(d.Needs, Need{Name: r.Name, Extras: r.Extras, Marker: r.Marker.String()})
	}
	return d
}

// NeedsOf returns the names of what each of the distributions needs on one of the
// targets at least that look into its site, sorted. What an extra needs counts where
// another of the distributions asks for the extra. Those that no target finds need
// nothing. With function the targets look into the root.
func NeedsOf(all []Described, targets []runtimes.Target, function bool) [][]string {
	needs := make([][]string, len(all))
	markers := map[string]*pep508.Marker{}
	for _, t := range targets {
		var found []int
		for i := range all {
			if all[i].FoundBy(t, function) {
				found = append(found, i)
			}
		}
		if len(found) == 0 {
			continue
		}
		n := needing{env: TargetFor(t).Env(), markers: markers, held: map[string]bool{}, asked: map[string][]string{}}
		for n.more = true; n.more; {
			n.more = false
			for _, i := range found {
				needs[i] = n.add(needs[i], &all[i])
			}
		}
	}
	for i := range needs {
		slices.Sort(needs[i])
	}
	return needs
}

// needing evaluates needs for one target.
type needing struct {
	env     pep508.Env
	markers map[string]*pep508.Marker
	held    map[string]bool     // markers that were evaluated, with the extra
	asked   map[string][]string // extras, by the name of their distribution
	more    bool                // an extra was asked for since
}

// add adds what the distribution needs to a list, and notes the extras that it asks
// for.
func (n *needing) add(list []string, d *Described) []string {
	for i := range d.Needs {
		need := &d.Needs[i]
		if !n.holds(need.Marker, d.Name) {
			continue
		}
		if need.Name != d.Name && !slices.Contains(list, need.Name) {
			list = append(list, need.Name)
		}
		for _, extra := range need.Extras {
			if !slices.Contains(n.asked[need.Name], extra) {
				n.asked[need.Name], n.more = append(n.asked[need.Name], extra), true
			}
		}
	}
	return list
}

// holds reports whether a marker is true, with one of the extras that are asked for
// of a distribution or without any.
func (n *needing) holds(marker, name string) bool {
	if marker == "" {
		return true
	}
	// Most markers want an extra that nobody asks for, and are not parsed.
	if extra, only := onlyExtra(marker); only {
		return slices.Contains(n.asked[name], extra) && n.eval(marker, extra)
	}
	return n.eval(marker, "") || slices.ContainsFunc(n.asked[name], func(extra string) bool { return n.eval(marker, extra) })
}

// onlyExtra returns the extra without which a marker is false: the one that it is
// compared with where all of its clauses have to hold. The marker is written by
// [pep508.Marker.String], which knows one spelling of such a clause, and that with the
// normalised name. An " or " within a literal costs the short cut alone.
func onlyExtra(marker string) (extra string, only bool) {
	_, rest, found := strings.Cut(marker, `extra == "`)
	extra, _, closed := strings.Cut(rest, `"`)
	return extra, found && closed && !strings.Contains(marker, " or ")
}

func (n *needing) eval(marker, extra string) bool {
	key := marker
	if extra != "" {
		key = extra + "\x00" + marker
	}
	held, known := n.held[key]
	if known {
		return held
	}
	m, read := n.markers[marker]
	if !read {
		var err error
		if m, err = pep508.ParseMarker(marker); err != nil {
			return false
		}
		n.markers[marker] = m
	}
	held = m.Eval(n.env, extra)
	n.held[key] = held
	return held
}
