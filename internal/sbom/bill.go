// Package sbom writes what a layer holds as a bill of materials: CycloneDX 1.6 and
// SPDX 2.3, both as JSON. It is a pure function of a [Bill]: equal bills have equal
// bytes, without a time and without a random number.
package sbom

import (
	"cmp"
	"crypto/sha1" //nolint:gosec // RFC 9562 names UUIDs of version 5 by SHA-1
	"fmt"
	"regexp"
	"slices"
	"strings"

	packageurl "github.com/package-url/packageurl-go"
)

// The formats of a bill.
const (
	FormatCycloneDX = "cyclonedx"
	FormatSPDX      = "spdx"
)

// Formats returns the names of the formats.
func Formats() []string { return []string{FormatCycloneDX, FormatSPDX} }

// Bill is what the zip of a layer holds.
type Bill struct {
	// SHA256 is the digest of the zip, in hexadecimal.
	SHA256 string
	// Function is set where the zip is the code of a function.
	Function bool
	// Runtimes and Architectures are those that it is built for, none where they
	// are not known.
	Runtimes, Architectures []string
	// Parts are what it is made of. [Bill.Encode] sorts them.
	Parts []Part
}

// The kinds of parts.
const (
	KindPython   = "pypi"    // a distribution, purl type pypi
	KindNodeJS   = "npm"     // a package, purl type npm
	KindDownload = "generic" // a file that was fetched, purl type generic
	KindImage    = "oci"     // a container image, purl type oci
	KindFile     = "file"    // files of the user: without a purl
)

// Part is one thing in a layer.
type Part struct {
	Kind string
	// Name is as the part writes it; that of a Node.js package includes its scope.
	Name, Version string
	Description   string
	Licence       Licence
	// Input is the argument that brought it, such as "python", "" where that is not
	// known.
	Input string
	// Asked is set where nothing else in the layer asks for it.
	Asked bool
	// Vendored is set where it is a copy inside of another part.
	Vendored bool
	// Sources are the files that it was made of.
	Sources []Source
	// Digest is the SHA-256 of its files in hexadecimal, of a KindFile, or that of
	// the manifest of a KindImage; "" otherwise.
	Digest string
	// Places are where it lies in the layer: its folder, or its metadata.
	Places []string
	// Needs are the keys of the parts that it requires.
	Needs []string
}

// Source is a file that a part was made of.
type Source struct {
	// URL is its address without credentials, "" for a file on disk.
	URL string
	// Algorithm is that of the digest, such as "SHA-256"; Digest is in hexadecimal.
	Algorithm, Digest string
}

// Key names a part in the Needs of others: its kind, name and version.
func (p *Part) Key() string { return Key(p.Kind, p.Name, p.Version) }

// Key returns the key of a part. The names of Python distributions count in their
// normal form.
func Key(kind, name, version string) string { return kind + ":" + normal(kind, name) + "@" + version }

// separators are what PEP 503 writes as one hyphen.
var separators = regexp.MustCompile(`[-_.]+`)

// normal returns the name as purls have it ("Package URL type definition for PyPI").
func normal(kind, name string) string {
	if kind != KindPython {
		return name
	}
	return separators.ReplaceAllString(strings.ToLower(name), "-")
}

// purl returns the package URL of a part, "" where it has none (ECMA-427).
func (p *Part) purl() string {
	namespace, name := "", normal(p.Kind, p.Name)
	version := p.Version
	var qualifiers packageurl.Qualifiers
	switch p.Kind {
	case KindFile:
		return ""
	case KindNodeJS:
		if scope, rest, ok := strings.Cut(name, "/"); ok && strings.HasPrefix(scope, "@") {
			namespace, name = scope, rest
		}
	case KindDownload:
		version = ""
		for _, s := range p.Sources {
			qualifiers = append(qualifiers, packageurl.Qualifier{Key: "checksum", Value: strings.ToLower(strings.ReplaceAll(s.Algorithm, "-", "")) + ":" + s.Digest})
			if s.URL != "" {
				qualifiers = append(qualifiers, packageurl.Qualifier{Key: "download_url", Value: s.URL})
			}
		}
	case KindImage:
		repository, tag := name, ""
		if at := strings.LastIndexByte(name, ':'); at > strings.LastIndexByte(name, '/') {
			repository, tag = name[:at], name[at+1:]
		}
		repository, _, _ = strings.Cut(repository, "@")
		name, version = repository[strings.LastIndexByte(repository, '/')+1:], "sha256:"+p.Digest
		if strings.Contains(repository, "/") {
			qualifiers = append(qualifiers, packageurl.Qualifier{Key: "repository_url", Value: repository})
		}
		if tag != "" {
			qualifiers = append(qualifiers, packageurl.Qualifier{Key: "tag", Value: tag})
		}
	}
	return packageurl.NewPackageURL(p.Kind, namespace, name, version, qualifiers, "").ToString()
}

// sorted returns the parts in their order, and the name of each in the document.
func (b *Bill) sorted() (parts []Part, refs map[string]string) {
	parts = slices.Clone(b.Parts)
	slices.SortStableFunc(parts, func(a, b Part) int { return strings.Compare(a.Key(), b.Key()) })
	refs = map[string]string{}
	taken := map[string]bool{b.ref(): true}
	for i := range parts {
		key := parts[i].Key()
		if refs[key] != "" {
			continue
		}
		ref := cmp.Or(parts[i].purl(), key)
		for n := 2; taken[ref]; n++ {
			ref = fmt.Sprintf("%s#%d", key, n)
		}
		taken[ref], refs[key] = true, ref
	}
	return parts, refs
}

// ref is the name of the layer in its document.
func (b *Bill) ref() string { return "sha256:" + b.SHA256 }

// name is what the layer is called: a zip has no name of its own.
func (b *Bill) name() string {
	if b.Function {
		return "lambda-function"
	}
	return "lambda-layer"
}

// needed returns the names in the document of what a part requires, sorted.
func needed(keys []string, refs map[string]string) []string {
	var names []string
	for _, key := range keys {
		if refs[key] != "" {
			names = append(names, refs[key])
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// asked returns the keys of the parts that the layer itself is made of.
func asked(parts []Part) []string {
	var keys []string
	for i := range parts {
		if parts[i].Asked {
			keys = append(keys, parts[i].Key())
		}
	}
	return keys
}

// namespace is the UUID of URLs (RFC 9562, section 6.6).
var namespace = [16]byte{0x6b, 0xa7, 0xb8, 0x11, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8}

// about is where documents point to.
const about = "https://registry.terraform.io/providers/layerbuild/layerbuild"

// uuid returns the UUID of version 5 of a document about the zip: equal zips have
// one, in every format another.
func (b *Bill) uuid(format string) string {
	h := sha1.New() //nolint:gosec // see the import
	h.Write(namespace[:])
	h.Write([]byte(about + "/sbom/" + format + "/" + b.SHA256))
	id := h.Sum(nil)[:16]
	id[6], id[8] = id[6]&0x0f|0x50, id[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}

// Encode returns the bill in a format, as compact JSON.
func (b *Bill) Encode(format string) (string, error) {
	switch format {
	case FormatCycloneDX:
		return b.cycloneDX()
	case FormatSPDX:
		return b.spdx()
	}
	return "", fmt.Errorf("writing the bill of materials: %q is not a format: write one of %s", format, strings.Join(Formats(), ", "))
}
