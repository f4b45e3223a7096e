package manifest

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/glob"
)

// FindMembers returns the folders below dir with a package.json that the patterns
// of "workspaces" name, as slash paths, as npm finds them. A pattern that starts with
// "!" takes away what any other names, until a later pattern is one of those that it
// names. A note tells of each pattern that names no folder.
func FindMembers(dir string, patterns []string) (members, notes []string, err error) {
	if len(patterns) == 0 {
		return nil, nil, nil
	}
	taken, away, err := readWorkspaces(patterns)
	if err != nil {
		return nil, nil, err
	}
	folders, err := packageFolders(dir)
	if err != nil {
		return nil, nil, err
	}
	for _, w := range taken {
		named := false
		for _, folder := range folders {
			if !w.pattern.MatchFolder(folder) {
				continue
			}
			named = true
			leftOut := slices.ContainsFunc(away, func(p *glob.Pattern) bool { return p.MatchFolder(folder) })
			if !leftOut && !slices.Contains(members, folder) {
				members = append(members, folder)
			}
		}
		if !named {
			notes = append(notes, fmt.Sprintf("%q in workspaces of package.json names no folder with a package.json: no member is packed for it", w.text))
		}
	}
	return members, notes, nil
}

// workspace is a pattern whose folders are taken, and its text without what npm cuts off.
type workspace struct {
	text    string
	pattern *glob.Pattern
}

// readWorkspaces reads patterns: those whose folders are taken, and those that take
// folders away.
func readWorkspaces(patterns []string) (taken []workspace, away []*glob.Pattern, err error) {
	for _, written := range patterns {
		text := strings.TrimLeft(written, "!")
		negated := (len(written)-len(text))%2 == 1
		if rest := strings.TrimPrefix(text, "."); strings.HasPrefix(rest, "/") {
			text = rest
		}
		text = strings.TrimLeft(strings.ReplaceAll(text, `\`, "/"), "/")
		pattern, err := glob.Parse(text, glob.Options{Dot: negated})
		switch {
		case err != nil:
			return nil, nil, err
		case negated:
			away = append(away, pattern)
			continue
		}
		away = slices.DeleteFunc(away, func(p *glob.Pattern) bool { return p.Match(text) })
		taken = append(taken, workspace{text, pattern})
	}
	taken = slices.DeleteFunc(taken, func(w workspace) bool {
		return slices.ContainsFunc(away, func(p *glob.Pattern) bool { return p.Match(w.text) })
	})
	return taken, away, nil
}

// packageFolders returns the folders below dir that have a package.json, but
// for those in node_modules, as slash paths in npm's order.
func packageFolders(dir string) ([]string, error) {
	var folders []string
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if d.Name() == ModulesFolder || d.Name() == ".git" {
				return filepath.SkipDir
			}
			return nil
		}
		folder, err := filepath.Rel(dir, filepath.Dir(name))
		if err == nil && d.Name() == "package.json" && folder != "." {
			folders = append(folders, filepath.ToSlash(folder))
		}
		return err
	})
	slices.SortFunc(folders, Collate)
	return folders, err
}
