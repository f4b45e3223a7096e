package fetch

import (
	"crypto/sha1" //nolint:gosec // the only digest that old npm packages have
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"hash"
	"io"
	"slices"
	"strings"
)

// integrityBucket holds, by the canonical integrity of a blob, its SHA-256: the
// store knows blobs by that alone.
const integrityBucket = "integrity"

// digestKind is a digest that integrity metadata may name.
type digestKind struct {
	name string
	make func() hash.Hash
}

// digests are the algorithms of Subresource Integrity, the strongest first, and
// SHA-1, which old npm packages have alone.
var digests = []digestKind{
	{"sha512", sha512.New},
	{"sha384", sha512.New384},
	{"sha256", sha256.New},
	{"sha1", sha1.New},
}

// Integrity is what a blob must be, as Subresource Integrity writes it
// (https://www.w3.org/TR/sri/#the-integrity-attribute), and SHA-1 besides. Of
// several algorithms the strongest counts; of several digests of it any one.
// The zero Integrity means "not known".
type Integrity struct {
	algorithm int // in digests
	sums      []string
}

// IntegrityError says that content is not what its integrity asks for.
type IntegrityError struct {
	Want, Got string // as Subresource Integrity
	// Size is the number of bytes that have the digest Got.
	Size int64
}

func (e *IntegrityError) Error() string {
	return fmt.Sprintf("the %d bytes have the integrity %s, want %s", e.Size, e.Got, e.Want)
}

// ParseIntegrity reads integrity metadata such as "sha512-…= sha1-…=". Unknown
// algorithms are passed over; nothing usable is an error.
func ParseIntegrity(text string) (Integrity, error) {
	parsed := Integrity{algorithm: len(digests)}
	for word := range strings.FieldsSeq(text) {
		name, value, _ := strings.Cut(word, "-")
		value, _, _ = strings.Cut(value, "?") // options mean nothing yet
		at := slices.IndexFunc(digests, func(d digestKind) bool { return d.name == name })
		if at < 0 || at > parsed.algorithm {
			continue
		}
		sum, err := base64.StdEncoding.DecodeString(value)
		if err != nil || len(sum) != digests[at].make().Size() {
			return Integrity{}, fmt.Errorf("parsing integrity %q: %q is no %s digest in base64", text, value, name)
		}
		if at < parsed.algorithm {
			parsed = Integrity{algorithm: at}
		}
		if !slices.Contains(parsed.sums, string(sum)) {
			parsed.sums = append(parsed.sums, string(sum))
		}
	}
	if len(parsed.sums) == 0 {
		return Integrity{}, fmt.Errorf("parsing integrity %q: it holds no digest of sha512, sha384, sha256 or sha1", text)
	}
	slices.Sort(parsed.sums)
	return parsed, nil
}

// IsZero reports whether nothing is asked for.
func (i Integrity) IsZero() bool { return len(i.sums) == 0 }

// Weak reports whether all that is known is SHA-1, which can be forged.
func (i Integrity) Weak() bool { return !i.IsZero() && digests[i.algorithm].name == "sha1" }

// First returns one of the digests that count, and the name of its algorithm, such
// as "sha512". Nothing is returned of the zero Integrity.
func (i Integrity) First() (algorithm string, sum []byte) {
	if i.IsZero() {
		return "", nil
	}
	return digests[i.algorithm].name, []byte(i.sums[0])
}

// String returns the canonical form: the digests that count, sorted.
func (i Integrity) String() string {
	words := make([]string, 0, len(i.sums))
	for _, sum := range i.sums {
		words = append(words, digests[i.algorithm].name+"-"+base64.StdEncoding.EncodeToString([]byte(sum)))
	}
	return strings.Join(words, " ")
}

// ReadIntegrity reads r to its end and returns its SHA-512.
func ReadIntegrity(r io.Reader) (Integrity, error) {
	h := sha512.New()
	if _, err := io.Copy(h, r); err != nil {
		return Integrity{}, fmt.Errorf("reading for a digest: %w", err)
	}
	return Integrity{sums: []string{string(h.Sum(nil))}}, nil
}

// Check reads r to its end; what is not asked for is an *IntegrityError.
func (i Integrity) Check(r io.Reader) error {
	h := i.newHash()
	if h == nil {
		return nil
	}
	size, err := io.Copy(h, r)
	if err != nil {
		return fmt.Errorf("reading for a digest: %w", err)
	}
	return i.judge(h, size)
}

// newHash returns the hash that counts, nil where nothing is asked for.
func (i Integrity) newHash() hash.Hash {
	if i.IsZero() {
		return nil
	}
	return digests[i.algorithm].make()
}

// judge compares what h was written with what is asked for.
func (i Integrity) judge(h hash.Hash, size int64) error {
	if i.IsZero() {
		return nil
	}
	got := string(h.Sum(nil))
	if slices.Contains(i.sums, got) {
		return nil
	}
	return &IntegrityError{Want: i.String(), Got: Integrity{algorithm: i.algorithm, sums: []string{got}}.String(), Size: size}
}
