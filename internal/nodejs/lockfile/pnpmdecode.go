package lockfile

import (
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// decodePnpm reads the documents of a pnpm-lock.yaml and returns the one that is
// about the project. pnpm 11 writes another one before it, for its own plugins and
// for the version of pnpm that the project asks for.
func (r *lockReader) decodePnpm(b []byte) (*pnpmLock, error) {
	var project, own *pnpmLock
	err := r.eachDocument(b, func(document *yaml.Node) error {
		read, err := r.decodePnpmDocument(document)
		switch {
		case read == nil:
		case read.isOwn():
			own = read
		default:
			project = read
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	switch {
	case project != nil:
		return project, nil
	case own != nil:
		own.Importers, own.Packages, own.Snapshots = table[pnpmImporter]{".": {}}, nil, nil
		return own, nil
	}
	return nil, r.fault("", "it is empty: run pnpm install")
}

// isOwn reports whether the document is about pnpm itself.
func (l *pnpmLock) isOwn() bool {
	own := false
	for _, i := range l.Importers {
		if len(i.Dependencies)+len(i.OptionalDependencies)+len(i.DevDependencies) > 0 || len(i.Config)+len(i.Manager) == 0 {
			return false
		}
		own = true
	}
	return own
}

// decodePnpmDocument reads one document, nil where it is empty. The version comes
// first: files of others are not shaped so.
func (r *lockReader) decodePnpmDocument(document *yaml.Node) (*pnpmLock, error) {
	if len(document.Content) == 0 || document.Content[0].Kind != yaml.MappingNode {
		return nil, nil
	}
	var sections table[yaml.Node]
	if err := document.Decode(&sections); err != nil {
		return nil, err
	}
	if err := r.checkPnpmVersion(sections["lockfileVersion"].Value); err != nil {
		return nil, err
	}
	l := &pnpmLock{}
	// The only importer has no section of its own, where version 6 has one.
	var single pnpmImporter
	for name, into := range map[string]any{
		"overrides": &l.Overrides, "ignoredOptionalDependencies": &l.Ignored, "importers": &l.Importers,
		"packages": &l.Packages, "snapshots": &l.Snapshots,
		"dependencies": &single.Dependencies, "optionalDependencies": &single.OptionalDependencies, "devDependencies": &single.DevDependencies,
	} {
		if node, ok := sections[name]; ok && node.Decode(into) != nil {
			return nil, r.fault("", "pnpm does not write its section %q, from line %d on: run pnpm install", name, node.Line)
		}
	}
	if l.Importers == nil {
		l.Importers = table[pnpmImporter]{".": single}
	}
	return l, nil
}

// checkPnpmVersion refuses the versions that are not read, and says which pnpm
// writes them.
func (r *lockReader) checkPnpmVersion(version string) error {
	const known = "6.0 (pnpm 8) and 9.0 (pnpm 9 to 11) are read"
	major, _, _ := strings.Cut(version, ".")
	number, err := strconv.Atoi(major)
	switch {
	case err != nil:
		return r.fault("", "its lockfileVersion is %q, which no pnpm writes; %s: run pnpm install", version, known)
	case number < 6:
		return r.fault("", "its lockfileVersion is %q, which pnpm 7 and older write; %s: run pnpm install with pnpm 8 or later", version, known)
	case number > 9:
		return r.fault("", "its lockfileVersion is %q, which a later pnpm writes; %s: run pnpm install with pnpm 11, or use a later version of this provider", version, known)
	}
	return nil
}
