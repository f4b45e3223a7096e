package manifest

import (
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/glob"
)

// FindMembers returns the folders below dir with a package.json that the patterns
// of "workspaces" name, as slash paths, as npm finds them. A pattern that starts with
// "!" takes away what any other names, until a later pattern is one of those that it
// names.
func FindMembers(dir string, patterns []string) (members []string, err error) {
	if len(patterns) == 0 {
		return nil, nil
	}
	taken, away, err := readWorkspaces(patterns)
	if err != nil {
		return nil, err
	}
	folders, err := packageFolders(dir)
	if err != nil {
		return nil, err
	}
	for _, pattern := range taken {
		for _, folder := range folders {
			leftOut := slices.ContainsFunc(away, func(p *glob.Pattern) bool { return p.MatchFolder(folder) })
			if !leftOut && !slices.Contains(members, folder) && pattern.MatchFolder(folder) {
				members = append(members, folder)
			}
		}
	}
	return members, nil
}

// readWorkspaces reads patterns: those whose folders are taken, and those that take
// folders away.
func readWorkspaces(patterns []string) (taken, away []*glob.Pattern, err error) {
	var texts []string // of taken
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
		taken, texts = append(taken, pattern), append(texts, text)
	}
	for i := len(taken) - 1; i >= 0; i-- {
		if slices.ContainsFunc(away, func(p *glob.Pattern) bool { return p.Match(texts[i]) }) {
			taken = slices.Delete(taken, i, i+1)
		}
	}
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
