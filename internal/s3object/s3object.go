// Package s3object decides the life of a zip in S3: when it is put, which object a
// resource owns, and which older ones go. It knows neither Terraform nor AWS and
// asks nobody: what was found and what is wanted come in, the next steps go out.
package s3object

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// Stored names an object of a bucket, or one version of it where the bucket
// keeps versions. The zero value is none.
type Stored struct {
	Key string
	// VersionID is "" in a bucket without versions.
	VersionID string
	// ETag tells one content of a key from another, as S3 writes it.
	ETag string
}

// Address returns the object as a URL of S3: "s3://bucket/key", with the version
// where there is one.
func (s Stored) Address(bucket string) string {
	address := "s3://" + bucket + "/" + s.Key
	if s.VersionID != "" {
		address += "?versionId=" + s.VersionID
	}
	return address
}

// ParseAddress reads what Address wrote, and reports whether it is one. The
// "s3://" may be left out, and the version too.
func ParseAddress(text string) (bucket string, s Stored, ok bool) {
	text = strings.TrimPrefix(text, "s3://")
	text, s.VersionID, _ = strings.Cut(text, "?versionId=")
	bucket, s.Key, ok = strings.Cut(text, "/")
	return bucket, s, ok && bucket != "" && s.Key != ""
}

// Settings are what a put says of an object besides its bytes. A change of them
// puts the object again.
type Settings struct {
	KMSKeyID, StorageClass string
	Tags                   map[string]string
}

// Equal reports whether an object with the one needs no put for the other.
func (s Settings) Equal(other Settings) bool {
	return s.KMSKeyID == other.KMSKeyID && s.StorageClass == other.StorageClass && maps.Equal(s.Tags, other.Tags)
}

// Record is what is known of a resource: its object and those before it.
type Record struct {
	// Current is the object that serves; zero where there is none any more.
	Current Stored
	// SHA256 is the base64 digest of Current's bytes, "" where it is not known
	// or where nobody can read them.
	SHA256 string
	// Adopted is set where somebody else put Current. It is then never deleted.
	Adopted bool
	// Retained are older objects that the resource put, newest first.
	Retained []Stored
	Settings Settings
}

// Wish is what the configuration asks for.
type Wish struct {
	Key, SHA256 string
	Settings    Settings
	// KeepLast is how many objects stay, the current one counted; 0 is all.
	KeepLast int
}

// Reason says why an object is put.
type Reason int

// The reasons. NotDue is none: the object is there as it is wanted.
const (
	NotDue Reason = iota
	NotThere
	OtherKey
	OtherBytes
	OtherSettings
)

// Due returns why the object is to be put.
func (r Record) Due(w Wish) Reason {
	switch {
	case r.Current == Stored{}:
		return NotThere
	case r.Current.Key != w.Key:
		return OtherKey
	case r.SHA256 != w.SHA256:
		return OtherBytes
	case !r.Settings.Equal(w.Settings):
		return OtherSettings
	}
	return NotDue
}

// Replaceable returns what a put to the key may write over: what the record
// shows to be there. Anything else belongs to somebody whom no plan has named.
func (r Record) Replaceable(key string) []Stored {
	return slices.DeleteFunc(r.objects(), func(s Stored) bool { return s.Key != key })
}

// After returns the record once the wish was met: put is the object, found is
// set where it was there before and nobody put it.
func (r Record) After(w Wish, put Stored, found bool) Record {
	after := Record{Current: put, SHA256: w.SHA256, Adopted: found, Settings: w.Settings}
	for _, s := range r.Owned() {
		switch {
		case s == put:
			after.Adopted = false
		case s.Key == put.Key && s.VersionID == "": // written over
		default:
			after.Retained = append(after.Retained, s)
		}
	}
	return after
}

// Retiring returns which owned objects go when the wish is met, newest first: a
// plan shows them, and the apply deletes these and no other. An older object of
// a key that is wanted again stays, since it may be the very one that is found.
func (r Record) Retiring(w Wish) []Stored {
	if w.KeepLast <= 0 {
		return nil
	}
	var older []Stored
	for _, s := range r.Retained {
		if s.Key != w.Key || r.Current.Key == w.Key {
			older = append(older, s)
		}
	}
	overwritten := r.Current.Key == w.Key && r.Current.VersionID == ""
	if r.Due(w) != NotDue && !overwritten && !r.Adopted && r.Current != (Stored{}) {
		older = append([]Stored{r.Current}, older...)
	}
	return older[min(len(older), w.KeepLast-1):]
}

// Without returns the record without older objects that were deleted.
func (r Record) Without(deleted ...Stored) Record {
	r.Retained = slices.DeleteFunc(slices.Clone(r.Retained), func(s Stored) bool { return slices.Contains(deleted, s) })
	return r
}

// Owned returns what a destroy deletes: all that the resource put, newest first.
func (r Record) Owned() []Stored {
	if r.Adopted {
		return slices.Clone(r.Retained)
	}
	return r.objects()
}

// objects returns all that the record names.
func (r Record) objects() []Stored {
	if r.Current == (Stored{}) {
		return slices.Clone(r.Retained)
	}
	return append([]Stored{r.Current}, r.Retained...)
}

// Sight is what was found at the key of a record.
type Sight struct {
	// Latest is what a read of the key gives; zero where there is nothing.
	Latest Stored
	// SHA256 is the base64 digest of its bytes, "" where S3 does not tell.
	SHA256 string
	// InParts is set where S3 keeps a digest of digests, which the bytes can be
	// compared with and which is no digest of them.
	InParts bool
	// Size is that of Latest in bytes.
	Size int64
	// Unreadable is set where its storage class keeps Lambda from reading it.
	Unreadable bool
	// Own is set where the record's own version is still in the bucket, behind
	// what came after it.
	Own bool
}

// Drift is what happened to an object outside of Terraform.
type Drift int

// The drifts.
const (
	NoDrift Drift = iota
	Deleted
	Replaced
	Archived
)

// Seen returns the record after a look, and what had happened since the last.
// Another version with the same bytes is no drift where the own one is still
// there: who reads it names its version.
func (r Record) Seen(s Sight) (Record, Drift) {
	if r.Current == (Stored{}) {
		return r, NoDrift
	}
	switch {
	case s.Latest == r.Current && s.Unreadable:
		r.SHA256 = ""
		return r, Archived
	case s.Latest == r.Current, s.Own && s.SHA256 != "" && s.SHA256 == r.SHA256:
		return r, NoDrift
	}
	if s.Own && !r.Adopted {
		r.Retained = append([]Stored{r.Current}, r.Retained...)
	}
	r.Current, r.SHA256, r.Adopted = s.Latest, s.SHA256, false
	if s.Latest == (Stored{}) {
		return r, Deleted
	}
	// One of its own may come to light where what lay before it was deleted.
	r.Adopted = !slices.Contains(r.Retained, s.Latest)
	r = r.Without(s.Latest)
	if s.Unreadable {
		r.SHA256 = ""
	}
	return r, Replaced
}

// Key returns the key of a zip: the one that was written, or the prefix and the
// hexadecimal digest of its bytes.
func Key(written, prefix, sha256Hex string) string {
	return cmp.Or(written, prefix+sha256Hex+".zip")
}
