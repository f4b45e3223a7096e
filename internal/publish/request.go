package publish

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish/upload"
)

// Request asks for one layer version.
type Request struct {
	// Region is where to publish; "" means the provider's own.
	Region string
	// LayerARN is that of the layer without a version, where the caller knows
	// it: a version that turns out to be another account's is refused. "" is
	// any.
	LayerARN string
	// Holder names the resource in the layer's register; see Register. "" is
	// not registered. Creating is set where no state has the resource yet.
	Holder   string
	Creating bool
	// LayerName, Description and LicenseInfo are written as AWS takes them;
	// see CheckName, CheckDescription and CheckLicenseInfo.
	LayerName, Description, LicenseInfo string
	// Runtimes and Architectures are what the version declares itself
	// compatible with. Their order carries no meaning.
	Runtimes, Architectures []string
	// Zip is the layer's archive.
	Zip Zip
	// Staging is where the zip is put before it is published, if it is too
	// large for a request, stays there for good, or is to be signed; nil means
	// that it travels in the request, which has a limit.
	Staging *Staging
	// Signing has the zip signed first; it needs Staging. nil does not.
	Signing *Signing
	// Warn, if set, is told in sentences what did not go as it should and did
	// not keep the version from being published. It is called by the goroutine
	// of Publish.
	Warn func(string)
}

// Zip is an archive whose bytes are known in advance.
type Zip = upload.Zip

// Reader is an open archive.
type Reader = upload.Reader

// Version is a published layer version, as AWS describes it.
type Version struct {
	// ARN names the version, LayerARN the layer without a version.
	ARN, LayerARN string
	// Number counts the versions of a layer in a region, from 1, never reused.
	Number int64
	// CreatedDate is in the form of AWS: "2006-01-02T15:04:05.000+0000".
	CreatedDate string
	// CodeSHA256 is the base64 SHA-256 of the zip that AWS keeps.
	CodeSHA256 string
	// CodeSize is the size of the zip in bytes.
	CodeSize int64
	// Description and LicenseInfo are "" where the version has none.
	Description, LicenseInfo string
	// Runtimes and Architectures are in the order AWS gives them.
	Runtimes, Architectures []string
	// UnsignedSHA256 is the base64 SHA-256 of the zip before it was signed. It
	// is CodeSHA256 where the version is not signed, and "" where Read found a
	// signed one; see Unsigned.
	UnsignedSHA256 string
	// SigningJobARN and SigningProfileVersionARN tell who signed the zip; ""
	// where nobody did.
	SigningJobARN, SigningProfileVersionARN string
	// Double is the ARN of a version with the same bytes and metadata that a
	// lost answer left, and that this call could not remove; "" as a rule.
	// Only Publish sets it.
	Double string
}

// sameMetadata reports whether a listed version declares what the request asks.
func (r Request) sameMetadata(item types.LayerVersionsListItem) bool {
	return aws.ToString(item.Description) == r.Description &&
		aws.ToString(item.LicenseInfo) == r.LicenseInfo &&
		sameSet(names(item.CompatibleRuntimes), r.Runtimes) &&
		sameSet(names(item.CompatibleArchitectures), r.Architectures)
}

func sameSet(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(slices.Compact(a), slices.Compact(b))
}

// names returns AWS's enumeration values as plain strings.
func names[T ~string](values []T) []string {
	plain := make([]string, len(values))
	for i, v := range values {
		plain[i] = string(v)
	}
	return plain
}

// values is the inverse of names; nil stays nil, so that nothing is sent.
func values[T ~string](plain []string) []T {
	var typed []T
	for _, s := range plain {
		typed = append(typed, T(s))
	}
	return typed
}

// Staging is a place in S3, in the region of the layer. A zip goes there when
// it is too large for a request, when Lambda is to read it there for good, or
// when it is to be signed; any other travels in the request.
//
// An object's name is the zip's digest. What is there for the time of a publish
// lies below "staging/", and the run that put it removes it afterwards; a lifecycle
// rule on that folder takes what a run left that was killed. What Lambda reads
// by REFERENCE lies outside of it and is never removed.
type Staging struct {
	// Bucket is the bucket's name; "{region}" in it stands for the region of
	// the layer. Prefix precedes the names of objects and is used as it is:
	// write "layers/" for a folder.
	Bucket, Prefix string
	// KMSKeyID encrypts the object under a KMS key; "" leaves encryption to
	// the bucket.
	KMSKeyID string
	// StorageMode is "COPY", "REFERENCE" or "", which is COPY. With
	// REFERENCE Lambda reads the object itself for as long as the version
	// lives; the bucket must then be versioned.
	StorageMode string
	// Tags are those of the object, at most ten.
	Tags map[string]string
}
