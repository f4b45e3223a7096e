package publish

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// shortDigest is how many hexadecimal digits of a digest a description holds.
const shortDigest = 12

// DefaultDescription returns what a version says of itself where the user says
// nothing: its parts and the first 12 digits of the zip's SHA-256, as in
// "requests 2.31.0, idna 3.6 and 7 more (sha256 1a2b3c4d5e6f)", or the digest
// alone where no part is known. Contents are those of a package, such as
// "python:requests" → "2.31.0"; asked are the keys of those that come first. A list that is too long for AWS ends with a
// whole part. The same zip always has the same description.
func DefaultDescription(contents map[string]string, asked []string, sha256 store.Digest) string {
	digest := "sha256 " + sha256.Hex()[:shortDigest]
	parts := describeParts(contents, asked)
	for kept := len(parts); kept > 0; kept-- {
		text := strings.Join(parts[:kept], ", ")
		if more := len(parts) - kept; more > 0 {
			text += fmt.Sprintf(" and %d more", more)
		}
		text += " (" + digest + ")"
		// AWS counts characters; UTF-16 units are never fewer.
		if len(utf16.Encode([]rune(text))) <= runtimes.MaxDescription {
			return text
		}
	}
	return digest
}

// describeParts names the parts of a package: what was asked for first, then what
// has versions, each kind in the order of its names. The digest of the zip stands for those of the parts.
func describeParts(contents map[string]string, asked []string) []string {
	kinds := []string{"python", "nodejs", "images", "downloads", "builds", "files"}
	rank := func(key string) int {
		kind, _, _ := strings.Cut(key, ":")
		if slices.Contains(asked, key) {
			return -1
		}
		if i := slices.Index(kinds, kind); i >= 0 {
			return i
		}
		return len(kinds)
	}
	keys := slices.SortedFunc(maps.Keys(contents), func(a, b string) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b))
	})
	var parts []string
	for _, key := range keys {
		kind, name, _ := strings.Cut(key, ":")
		switch kind {
		case "python", "nodejs":
			name += " " + strings.ReplaceAll(contents[key], ", ", "/")
		case "builds": // the user's path; another machine may have another
			name = path.Base(strings.ReplaceAll(name, `\`, "/"))
		}
		parts = append(parts, strings.ToValidUTF8(name, "?"))
	}
	return slices.Compact(parts)
}

// Described is what a default description tells.
type Described struct {
	// Parts maps the names of the parts to their versions; several are
	// separated by "/", and what has none has "".
	Parts map[string]string
	// More is how many parts are not named.
	More int
	// SHA256 begins the zip's digest: 12 hexadecimal digits.
	SHA256 string
}

// ParseDescription reads what DefaultDescription wrote, and reports false for
// any other text.
func ParseDescription(text string) (Described, bool) {
	head, digest, listed := strings.Cut(text, " (sha256 ")
	if listed {
		digest, listed = strings.CutSuffix(digest, ")")
		if !listed || head == "" {
			return Described{}, false
		}
	} else if digest, listed = strings.CutPrefix(text, "sha256 "); listed {
		head = ""
	}
	if _, err := hex.DecodeString(digest); err != nil || len(digest) != shortDigest || digest != strings.ToLower(digest) {
		return Described{}, false
	}
	d := Described{Parts: map[string]string{}, SHA256: digest}
	if rest, ok := strings.CutSuffix(head, " more"); ok {
		if i := strings.LastIndex(rest, " and "); i > 0 {
			n, err := strconv.Atoi(rest[i+len(" and "):])
			if err == nil && n > 0 {
				head, d.More = rest[:i], n
			}
		}
	}
	if head == "" {
		return d, true
	}
	for part := range strings.SplitSeq(head, ", ") {
		name, version := part, ""
		if i := strings.LastIndexByte(part, ' '); i > 0 && i+1 < len(part) && part[i+1] >= '0' && part[i+1] <= '9' {
			name, version = part[:i], part[i+1:]
		}
		d.Parts[name] = version
	}
	return d, true
}
