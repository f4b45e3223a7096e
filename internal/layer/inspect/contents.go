package inspect

import (
	"crypto/sha256"
	"fmt"
	"hash"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
)

// ContentsIn maps what the files of one archive are of to versions: distributions and
// packages to theirs, and other files by their folder or path, such as
// "files:python/shared_utils", to a short digest of their paths, sizes and checksums.
func ContentsIn(archive *filetree.Archive, files filetree.Tree) (map[string]string, error) {
	found, err := PartsOf(archive, files)
	if err != nil {
		return nil, err
	}
	contents := found.contents()
	others := map[*Holding]hash.Hash{}
	for i, e := range files {
		one := found.of[i]
		if one.Ecosystem != "files" {
			continue
		}
		if others[one] == nil {
			others[one] = sha256.New()
		}
		if _, err := fmt.Fprintf(others[one], "%q %d %08x\n", e.Path, e.Size, e.CRC32); err != nil {
			return nil, err
		}
	}
	for one, sum := range others {
		contents[strings.TrimSuffix(one.Key(), "/")] = fmt.Sprintf("%x (%s)", sum.Sum(nil)[:6], Plural(one.Files, "file"))
	}
	return contents, nil
}

// Plural counts things by their noun: "1 file", "2 files".
func Plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
