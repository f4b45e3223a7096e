package download

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// maxAlike is how many paths of an archive are named where a glob matches none.
const maxAlike = 20

// landedFile is a file of an archive at its layer path.
type landedFile struct {
	member filetree.Member
	path   string
}

// land chooses the files of an archive and says where each lands, sorted by
// layer path. A file that cannot be taken is an error, unless the layer
// excludes it.
func (l *Lock) land(listing *filetree.Listing, excluded func(string) bool) ([]landedFile, error) {
	var all []landedFile
	var err error
	switch {
	case l.Files != nil:
		all, err = l.landMatches(listing.Members)
	case listing.Kind == filetree.TarArchive || listing.Kind == filetree.ZipArchive:
		all, err = l.landTree(listing.Members)
	case !l.AsIs && slices.ContainsFunc(listing.Members, func(m filetree.Member) bool { return namedArchive(m.Path) }):
		err = fmt.Errorf("by its name it is an archive, and by its content it is none: see what the address answers. extract = false takes it as it is")
	case l.Strip > 0:
		err = fmt.Errorf("it is a single file, and strip_components = %d leaves nothing of its name: leave that out", l.Strip)
	default:
		for _, m := range listing.Members {
			all = append(all, landedFile{m, landing(l.Target, m.Path)})
		}
	}
	if err != nil {
		return nil, err
	}
	return settle(all, excluded)
}

// namedArchive reports whether a file has the name of an archive. A page that
// asks for a login may come in its stead.
func namedArchive(name string) bool {
	name = strings.ToLower(name)
	ext := path.Ext(name)
	packed := slices.Contains([]string{".gz", ".xz", ".bz2", ".zst"}, ext) && strings.HasSuffix(strings.TrimSuffix(name, ext), ".tar")
	return packed || slices.Contains([]string{".tar", ".tgz", ".txz", ".tbz", ".tbz2", ".tzst", ".zip"}, ext)
}

// settle sorts what was placed, and refuses what cannot be packed.
func settle(all []landedFile, excluded func(string) bool) ([]landedFile, error) {
	slices.SortStableFunc(all, func(a, b landedFile) int { return strings.Compare(a.path, b.path) })
	var out []landedFile
	for _, p := range all {
		if _, err := filetree.CleanTarget(p.path); err != nil {
			return nil, err
		}
		if p.member.Fault != "" {
			if excluded(p.path) {
				continue
			}
			return nil, fmt.Errorf("%q in the archive %s: choose other files, or write exclude = [%q]", p.member.Path, p.member.Fault, filetree.Literal(p.path))
		}
		if n := len(out); n > 0 && out[n-1].path == p.path {
			if out[n-1].member.File == p.member.File {
				continue
			}
			return nil, fmt.Errorf("%q and %q in the archive both land at %q: write a glob that matches one of them, a target that ends in \"/\", or a glob that matches a folder, which keeps the paths below it", out[n-1].member.Path, p.member.Path, p.path)
		}
		out = append(out, p)
	}
	return out, nil
}

// landTree takes everything.
func (l *Lock) landTree(members []filetree.Member) ([]landedFile, error) {
	var all []landedFile
	for _, m := range members {
		rest := m.Path
		for n := l.Strip; n > 0 && rest != ""; n-- {
			_, rest, _ = strings.Cut(rest, "/")
		}
		if rest != "" {
			all = append(all, landedFile{m, path.Join(l.Target, rest)})
		}
	}
	switch {
	case len(members) == 0:
		return nil, fmt.Errorf("the archive holds no file")
	case len(all) == 0:
		return nil, fmt.Errorf("strip_components = %d leaves nothing: the archive holds paths such as %q", l.Strip, members[0].Path)
	}
	return all, nil
}

// landMatches takes what the globs match. A glob that matches a folder takes
// all below it.
func (l *Lock) landMatches(members []filetree.Member) ([]landedFile, error) {
	var all []landedFile
	for _, glob := range slices.Sorted(maps.Keys(l.Files)) {
		before := len(all)
		for _, m := range members {
			if matched := matchedPart(glob, m.Path); matched != "" {
				to := landing(l.Files[glob], matched) + strings.TrimPrefix(m.Path, matched)
				all = append(all, landedFile{m, path.Clean(to)})
			}
		}
		if len(all) == before {
			return nil, unmatched(glob, members)
		}
	}
	return all, nil
}

// landing returns where what has a name lands: at the target, or under its name
// in a target that ends in "/".
func landing(target, name string) string {
	if target == "" || target == "." || strings.HasSuffix(target, "/") {
		return path.Join(target, path.Base(name))
	}
	return path.Clean(target)
}

// matchedPart returns what the glob matches of a file's path: the whole, else
// the shortest folder above it, else "".
func matchedPart(glob, name string) string {
	if filetree.MatchPath(glob, name) {
		return name
	}
	for i := range len(name) {
		if name[i] == '/' && filetree.MatchPath(glob, name[:i]) {
			return name[:i]
		}
	}
	return ""
}

// unmatched names the paths of the archive that are most like the glob.
func unmatched(glob string, members []filetree.Member) error {
	if len(members) == 0 {
		return fmt.Errorf("the archive holds no file, so that %q matches none", glob)
	}
	type ranked struct {
		path  string
		score int
	}
	var alike []ranked
	for _, m := range members {
		alike = append(alike, ranked{m.Path, unlikeness(glob, m.Path)})
	}
	slices.SortStableFunc(alike, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(a.score, b.score), cmp.Compare(a.path, b.path))
	})
	var list strings.Builder
	for i, r := range alike {
		if i == maxAlike {
			fmt.Fprintf(&list, "\n  … and %d more", len(alike)-maxAlike)
			break
		}
		fmt.Fprintf(&list, "\n  %s", r.path)
	}
	return fmt.Errorf("%q matches no path of the archive: a glob is compared with the whole path, where * stays within a folder and ** crosses folders. The archive holds:%s", glob, list.String())
}

// unlikeness grows with the edits between the last components of a glob and a
// path, which say most of what somebody looks for.
func unlikeness(glob, name string) int {
	want := strings.ToLower(strings.Trim(path.Base(glob), "*"))
	got := strings.ToLower(path.Base(name))
	if want == "" || want == got {
		return 0
	}
	score := runtimes.Distance(want, got)
	if strings.Contains(got, want) {
		score = min(score, 1)
	}
	return score
}
