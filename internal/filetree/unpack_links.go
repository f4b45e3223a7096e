package filetree

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

const (
	// maxHops is how many links are followed for one path: as many as Linux does.
	maxHops = 40
	// maxNames bounds the bytes of all paths in an archive, and of those that
	// its links stand for: they are held in memory, some times over.
	maxNames = 16 << 20
	// maxSteps bounds the work of following links, which a small archive can
	// make grow with the square of its entries.
	maxSteps = 8 << 20
	// maxNodes bounds what has a path, with the folders that only paths name.
	maxNodes = 2 * maxEntries
)

type nodeKind int

const (
	fileNode nodeKind = iota
	linkNode
	folderNode
)

// node is what an archive has at one path.
type node struct {
	kind   nodeKind
	member Member
	target string // of a link
	hard   bool   // the target is a path of the archive, not one beside the link
}

// index is an archive by paths.
type index struct {
	archive *Archive
	nodes   map[string]*node
	names   int // bytes of paths
	steps   int // of following links
}

// add refuses a path that is there already, unless both are folders.
func (x *index) add(n *node) error {
	name := n.member.Path
	if err := x.count(len(name) + len(n.target)); err != nil {
		return err
	}
	if before, ok := x.nodes[name]; ok {
		if before.kind == folderNode && n.kind == folderNode {
			return nil
		}
		return x.refuse(name, "is there twice")
	}
	x.nodes[name] = n
	return nil
}

func (x *index) refuse(name, reason string) error {
	return &ArchiveError{Archive: x.archive.Name, Entry: name, Reason: reason}
}

// count adds the bytes of paths.
func (x *index) count(names int) error {
	if x.names += names; x.names > maxNames {
		return x.refuse("", "has paths of more than 16 MiB in all")
	}
	return nil
}

// members returns the files, with links followed.
func (x *index) members() ([]Member, error) {
	names := slices.Sorted(maps.Keys(x.nodes))
	if err := x.checkParents(names); err != nil {
		return nil, err
	}
	var out []Member
	for _, name := range names {
		switch n := x.nodes[name]; n.kind {
		case fileNode:
			m := n.member
			if m.Fault != "" {
				m.File = ""
			}
			out = append(out, m)
		case linkNode:
			linked := x.linked(n, names)
			for i := range linked {
				if err := x.count(len(linked[i].Path)); err != nil {
					return nil, err
				}
			}
			out = append(out, linked...)
		}
		if x.steps > maxSteps {
			return nil, x.refuse("", "has links that lead to too many others")
		}
		if len(out) > maxEntries {
			return nil, x.refuse("", fmt.Sprintf("holds more than %d files behind its links", maxEntries))
		}
	}
	return out, nil
}

// checkParents refuses a path below what is no folder, and adds the folders
// that no entry names.
func (x *index) checkParents(names []string) error {
	for _, name := range names {
		for dir := parent(name); dir != ""; dir = parent(dir) {
			above, ok := x.nodes[dir]
			if !ok {
				if len(x.nodes) >= maxNodes {
					return x.refuse("", fmt.Sprintf("has more than %d files and folders", maxNodes))
				}
				x.nodes[dir] = &node{kind: folderNode, member: Member{Path: dir}}
				continue
			}
			if above.kind == folderNode {
				break // which is below folders, or its own turn comes
			}
			if above.kind == linkNode {
				return x.refuse(name, fmt.Sprintf("lies below %q, which is a link", dir))
			}
			if above.kind == fileNode {
				return x.refuse(name, fmt.Sprintf("lies below %q, which is not a folder", dir))
			}
		}
	}
	return nil
}

// linked returns what a link stands for: one file, or those of a folder.
func (x *index) linked(link *node, names []string) []Member {
	name := link.member.Path
	faulty := func(fault string) []Member { return []Member{{Path: name, Fault: fault}} }
	hops := 0
	to, fault := x.follow(link, &hops)
	if fault != "" {
		return faulty(fault)
	}
	if target := x.nodes[to]; to != "" && target.kind == fileNode {
		if target.member.Fault != "" {
			return faulty("is a link to what " + target.member.Fault)
		}
		m := target.member
		m.Path = name
		return []Member{m}
	}
	if to == "" || strings.HasPrefix(name, to+"/") {
		return faulty("is a link to a folder that holds it")
	}
	var out []Member
	first, _ := slices.BinarySearch(names, to+"/")
	for _, below := range names[first:] {
		rest, ok := strings.CutPrefix(below, to+"/")
		if x.steps++; !ok || x.steps > maxSteps {
			break
		}
		n, fault := x.behind(below)
		switch {
		case fault != "":
			out = append(out, Member{Path: name + "/" + rest, Fault: fault})
		case n.kind == fileNode:
			m := n.member
			m.Path = name + "/" + rest
			out = append(out, m)
		case x.nodes[below].kind == linkNode:
			return faulty("is a link to a folder that holds links to folders")
		}
	}
	return out
}

// behind returns the file or folder at a path, behind the link there.
func (x *index) behind(name string) (n *node, fault string) {
	n = x.nodes[name]
	if n.kind == linkNode {
		hops := 0
		to, fault := x.follow(n, &hops)
		if fault != "" {
			return nil, fault
		}
		if to == "" {
			return nil, "is a link to a folder that holds it"
		}
		n = x.nodes[to]
	}
	return n, n.member.Fault
}

// follow returns the path of the file or folder that a link leads to, "" for
// the root of the archive, or what is wrong with it.
func (x *index) follow(link *node, hops *int) (to, fault string) {
	const out = "is a link that leads out of the archive"
	if *hops++; *hops > maxHops {
		return "", "is a link that leads in a circle"
	}
	if strings.HasPrefix(link.target, "/") || strings.ContainsRune(link.target, '\\') {
		return "", out
	}
	at := parent(link.member.Path)
	if link.hard {
		at = ""
	}
	for part := range strings.SplitSeq(link.target, "/") {
		if x.steps++; x.steps > maxSteps {
			return "", "is a link that takes too long to follow"
		}
		switch part {
		case "", ".":
			continue
		case "..":
			if at == "" {
				return "", out
			}
			at = parent(at)
			continue
		}
		at = path.Join(at, part)
		n, ok := x.nodes[at]
		if !ok {
			return "", "is a link that leads nowhere in the archive"
		}
		if n.kind == linkNode {
			if at, fault = x.follow(n, hops); fault != "" {
				return "", fault
			}
		}
	}
	return at, ""
}
