package audit

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
)

// twins tells of files whose paths differ in case alone. Lambda keeps both. Windows
// and macOS keep one of them: a download cannot be unpacked there, and a checkout of
// the user's own files has one file, so that the layer has other bytes. In packages
// users do not choose the names, and most layers are built on Linux.
func (a *auditor) twins() {
	type group struct {
		origin   filetree.Origin
		severity Severity
	}
	pairs := map[group][][2]string{}
	for _, at := range a.files.sortedTwins() {
		first, second := &a.layer.Files[at[0]], &a.layer.Files[at[1]]
		by := group{second.Origin, twinSeverity(first.Origin, second.Origin)}
		if by.origin.Ecosystem == "python" || by.origin.Ecosystem == "nodejs" {
			by.origin = first.Origin
		}
		pairs[by] = append(pairs[by], [2]string{first.Path, second.Path})
	}
	for by, all := range pairs {
		slices.SortFunc(all, func(x, y [2]string) int { return strings.Compare(x[0]+"\x00"+x[1], y[0]+"\x00"+y[1]) })
		summary := fmt.Sprintf("%q and %q differ in case alone", all[0][0], all[0][1])
		need := "Lambda has both files. Windows and macOS take the names for one, so that they cannot be checked out or unpacked there."
		if more := len(all) - 1; more > 0 {
			need += fmt.Sprintf(" There are %d more such pairs.", more)
		}
		for _, name := range flat(all) {
			a.add(one{
				check: Layout, severity: by.severity, cause: "case", file: name, origin: by.origin, summary: func(*Finding) string { return summary },
				need: need, way: "Choose other files, or exclude one of them.",
			})
		}
	}
}

func flat(pairs [][2]string) []string {
	var names []string
	for _, pair := range pairs {
		names = append(names, pair[0], pair[1])
	}
	return names
}

// twinSeverity is an error within one download.
func twinSeverity(first, second filetree.Origin) Severity {
	isOwn := func(o filetree.Origin) bool { return o.Ecosystem == "files" || o.Ecosystem == "downloads" }
	switch {
	case first.Ecosystem == "downloads" && first == second:
		return Error
	case isOwn(first) || isOwn(second):
		return Warning
	}
	return Note
}

const (
	// maxHops is how many links are followed for one path: as many as Linux does.
	maxHops = 40
	// maxSteps bounds the work of following all links of a layer.
	maxSteps = 1 << 22
)

// links tells of symbolic links that lead to nothing in the layer.
func (a *auditor) links() {
	if len(a.layer.Links) == 0 {
		return
	}
	folders := map[string]bool{"": true}
	note := func(name string) {
		for dir := parent(name); dir != "" && !folders[dir]; dir = parent(dir) {
			folders[dir] = true
		}
	}
	for i := range a.layer.Files {
		note(a.layer.Files[i].Path)
	}
	for name := range a.layer.Links {
		note(name)
	}
	steps := maxSteps
	for _, name := range slices.Sorted(maps.Keys(a.layer.Links)) {
		to, end := a.follow(name, folders, &steps)
		o := one{check: Layout, severity: Warning, file: name, cause: "link " + string(end) + " " + to, way: "Put the file into the zip, or leave the link out. A link to a file of another layer works where the function has that layer."}
		switch end {
		case linkFound:
			continue
		case linkNowhere:
			o.summary = titled("is a link that leads nowhere")
			o.need = fmt.Sprintf("The layer has nothing at %q.", to)
		case linkCircle:
			o.cause = "link in a circle"
			o.summary = titled("is a link that leads in a circle")
			o.way = "Put the file itself into the zip."
		case linkOut:
			o.severity, o.way = Note, ""
			o.summary = titled("is a link that leads out of the layer")
			o.need = fmt.Sprintf("It leads to %q, which the runtime has to have.", to)
		}
		a.add(o)
	}
}

// linkEnd is where a link leads.
type linkEnd string

const (
	linkFound   linkEnd = "found"
	linkNowhere linkEnd = "nowhere"
	linkCircle  linkEnd = "circle"
	linkOut     linkEnd = "out"
)

// follow returns the whole path that a link leads to in the end, as Linux reads it
// when the layer is mounted at /opt. One that takes too long to follow counts as found.
func (a *auditor) follow(link string, folders map[string]bool, steps *int) (to string, end linkEnd) {
	at, hops := "/opt", 0
	left := strings.Split(link, "/")
	for ; len(left) > 0 && *steps > 0; *steps-- {
		at, left = path.Join(at, left[0]), left[1:]
		within, inside := strings.CutPrefix(at+"/", opt)
		within = strings.TrimSuffix(within, "/")
		target, isLink := a.layer.Links[within]
		switch {
		case !inside && len(left) > 0:
			continue // it may come back
		case !inside:
			return at, linkOut
		case !isLink && (folders[within] || len(left) == 0 && a.files.at(within) != nil):
			continue
		case !isLink:
			return at, linkNowhere
		}
		if hops++; hops > maxHops {
			return at, linkCircle
		}
		if at = path.Dir(at); strings.HasPrefix(target, "/") {
			at = "/"
		}
		left = append(slices.DeleteFunc(strings.Split(target, "/"), func(part string) bool { return part == "" || part == "." }), left...)
	}
	return at, linkFound
}
