package filetree

import (
	"cmp"
	"errors"
	"io"
	"slices"
)

// LinkTargets returns where symbolic links of an archive lead, by their paths: what
// [FromZipLinks] returns apart. A target of more than 4096 bytes is an *ArchiveError.
func LinkTargets(a *Archive, links Tree) (map[string]string, error) {
	targets := make(map[string]string, len(links))
	err := ReadEntries(a, links, func(e *Entry, content io.Reader) error {
		if e.Size > maxPath {
			return e.refuse("is a link to a path longer than 4096 bytes")
		}
		target, err := io.ReadAll(content)
		targets[e.Path] = string(target)
		return err
	})
	return targets, err
}

// listZip reads a zip whole; w may be nil.
func listZip(a *Archive, f ArchiveFile, w Watcher) ([]Member, error) {
	var links Tree
	entries, directory, err := readZip(a, f, &links)
	if err != nil {
		return nil, err
	}
	if err := vetEntries(f, slices.Concat(entries, links), directory, w); err != nil {
		return nil, err
	}
	if entries, err = once(a, entries); err != nil {
		return nil, err
	}
	x := index{archive: a, nodes: map[string]*node{}}
	var u unpacker
	for _, e := range entries {
		if _, err := u.start(f, &e); err != nil {
			return nil, err
		}
		head, err := ReadHead(&u)
		if err != nil {
			return nil, err
		}
		m := Member{Path: e.Path, File: e.Path, Size: e.Size, Exec: e.Exec}
		m.Program, m.Machine = Program(head)
		if err := x.add(&node{member: m}); err != nil {
			return nil, err
		}
	}
	targets, err := LinkTargets(a, links)
	if err != nil {
		return nil, err
	}
	for _, e := range links {
		if err := x.add(&node{kind: linkNode, target: targets[e.Path], member: Member{Path: e.Path}}); err != nil {
			return nil, err
		}
	}
	return x.members()
}

// once keeps equal duplicates once, and refuses other ones.
func once(a *Archive, entries Tree) (Tree, error) {
	tree, err := Merge(entries)
	if clash, ok := errors.AsType[*ClashError](err); ok {
		reason := "is there twice, with different content"
		if clash.Directory {
			reason = "is there as a file and as a directory"
		}
		return nil, &ArchiveError{Archive: a.Name, Entry: clash.Path, Reason: reason}
	}
	return tree, err
}

// vetEntries makes the checks of [Vet].
func vetEntries(f io.ReaderAt, entries Tree, directory int64, w Watcher) error {
	slices.SortFunc(entries, func(x, y Entry) int { return cmp.Compare(x.Header, y.Header) })
	var u unpacker
	for i := range entries {
		limit := directory
		if i+1 < len(entries) {
			limit = entries[i+1].Header
		}
		if err := u.vet(f, &entries[i], limit, w); err != nil {
			return err
		}
	}
	return nil
}
