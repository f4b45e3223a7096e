// Package s3 is the stand-in of S3.
package s3

import (
	"bufio"
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"maps"
	"net/http"
	"net/http/httputil"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest/wire"
)

// S3 is all buckets, which are everybody's.
type S3 struct {
	*wire.State
	buckets map[string]*Bucket
}

// New returns the service on a state.
func New(state *wire.State) *S3 { return &S3{State: state, buckets: map[string]*Bucket{}} }

const s3Namespace = "http://s3.amazonaws.com/doc/2006-03-01/"

// Bucket is a bucket of any account.
type Bucket struct {
	Region    string
	Versioned bool
	policy    string
	objects   []*object // oldest first; of a key without versions only one
	uploads   map[string]*multipart
}

type object struct {
	Object
	etag      string
	header    http.Header // what a GET answers: type, encryption, class, metadata
	checksums http.Header
	modified  time.Time
	deleted   bool   // a delete marker
	signing   string // the id of the signing job that made the object, "" where none did
}

// newObject returns an object that has no version yet.
func newObject(key string, body []byte) *object {
	return &object{Object: Object{Key: key, VersionID: "null", Body: body}, etag: etag(body), header: http.Header{}, modified: time.Now().UTC()}
}

// Object is a stored object, for assertions.
type Object struct {
	Key, VersionID string
	Body           []byte // not a copy
	// KMSKeyID, Tagging (a query) and SHA256 (base64, and the number of parts)
	// are what the PUT named, or "".
	KMSKeyID, Tagging, SHA256 string
	// StorageClass is what the PUT or SetStorageClass named, or "".
	StorageClass string
	// Parts is how many parts it was uploaded in, 0 for a plain PUT.
	Parts int
}

// CreateBucket makes a bucket without a call.
func (a *S3) CreateBucket(regionName, name string, versioned bool) {
	a.Lock()
	defer a.Unlock()
	a.buckets[name] = &Bucket{Region: regionName, Versioned: versioned, uploads: map[string]*multipart{}}
}

// PutObject stores an object without a call, in place of one of the same key.
// It may be called by a Fault.
func (a *S3) PutObject(bucketName, key string, body []byte) {
	a.Lock()
	defer a.Unlock()
	b := a.buckets[bucketName]
	b.drop(key, "")
	b.objects = append(b.objects, newObject(key, body))
}

// DeleteObject removes every version of an object without a call. It may be
// called by a Fault.
func (a *S3) DeleteObject(bucketName, key string) {
	a.Lock()
	defer a.Unlock()
	a.buckets[bucketName].drop(key, "")
}

// SetStorageClass moves the objects of a bucket to another storage class.
func (a *S3) SetStorageClass(bucketName, class string) {
	a.Lock()
	defer a.Unlock()
	for _, o := range a.buckets[bucketName].objects {
		o.header.Set("X-Amz-Storage-Class", class)
	}
}

// SetBucketPolicy gives a bucket a policy in JSON; "" takes it away.
func (a *S3) SetBucketPolicy(bucketName, policy string) {
	a.Lock()
	defer a.Unlock()
	a.buckets[bucketName].policy = policy
}

// Objects returns what a bucket holds, in the order of the PUTs: every
// version, but no delete markers.
func (a *S3) Objects(bucketName string) []Object {
	a.Lock()
	defer a.Unlock()
	b := a.buckets[bucketName]
	if b == nil {
		return nil
	}
	var objects []Object
	for _, o := range b.objects {
		if !o.deleted {
			shown := o.Object
			shown.KMSKeyID, shown.StorageClass = o.header.Get(kmsHeader), o.header.Get("X-Amz-Storage-Class")
			shown.SHA256 = o.checksums.Get("X-Amz-Checksum-Sha256")
			objects = append(objects, shown)
		}
	}
	return objects
}

const kmsHeader = "X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id"

// Route finds the operation of a call, and what carries it out; nil for none.
func (a *S3) Route(c *wire.Request) wire.Handler {
	name, key, _ := strings.Cut(strings.TrimPrefix(c.URL.Path, "/"), "/")
	query := c.URL.Query()
	kind := "bucket"
	switch {
	case key != "" && query.Has("uploads"):
		kind = "uploads"
	case key != "" && query.Has("uploadId"):
		kind = "upload"
	case key != "":
		kind = "object"
	case query.Has("versioning"):
		kind = "versioning"
	case query.Has("policy"):
		kind = "policy"
	}
	for _, route := range []wire.Route{
		{Method: "PUT", Path: "object", Operation: "PutObject", Handle: a.putObject},
		{Method: "GET", Path: "object", Operation: "GetObject", Handle: a.getObject},
		{Method: "HEAD", Path: "object", Operation: "HeadObject", Handle: a.getObject},
		{Method: "DELETE", Path: "object", Operation: "DeleteObject", Handle: a.deleteObject},
		{Method: "PUT", Path: "bucket", Operation: "CreateBucket", Handle: a.createBucket},
		{Method: "PUT", Path: "versioning", Operation: "PutBucketVersioning", Handle: a.putVersioning},
		{Method: "GET", Path: "versioning", Operation: "GetBucketVersioning", Handle: a.getVersioning},
		{Method: "GET", Path: "policy", Operation: "GetBucketPolicy", Handle: a.getBucketPolicy},
		{Method: "POST", Path: "uploads", Operation: "CreateMultipartUpload", Handle: a.createMultipart},
		{Method: "PUT", Path: "upload", Operation: "UploadPart", Handle: a.uploadPart},
		{Method: "POST", Path: "upload", Operation: "CompleteMultipartUpload", Handle: a.completeMultipart},
		{Method: "DELETE", Path: "upload", Operation: "AbortMultipartUpload", Handle: a.abortMultipart},
	} {
		if route.Method == c.Method && route.Path == kind {
			c.Part, c.Operation = []string{name, key}, route.Operation
			return route.Handle
		}
	}
	return nil
}

// bucket returns the bucket of the path, and refuses one that is not in the region of
// the call.
func (a *S3) bucket(c *wire.Request) *Bucket {
	b := a.buckets[c.Part[0]]
	if b == nil {
		c.Refuse(http.StatusNotFound, "NoSuchBucket", "The specified bucket does not exist")
	}
	if b.Region != c.Region {
		elsewhere := c.Fail(http.StatusMovedPermanently, "PermanentRedirect",
			"The bucket you are attempting to access must be addressed using the specified endpoint.")
		elsewhere.Header.Set("X-Amz-Bucket-Region", b.Region)
		elsewhere.Refuse()
	}
	return b
}

func (a *S3) createBucket(c *wire.Request) wire.Reply {
	if a.buckets[c.Part[0]] != nil {
		return c.Fail(http.StatusConflict, "BucketAlreadyOwnedByYou",
			"Your previous request to create the named bucket succeeded and you already own it.")
	}
	a.buckets[c.Part[0]] = &Bucket{Region: c.Region, uploads: map[string]*multipart{}}
	return wire.Reply{Status: http.StatusOK, Header: http.Header{"Location": {"/" + c.Part[0]}}}
}

type versioning struct {
	XMLName xml.Name `xml:"VersioningConfiguration"`
	Space   string   `xml:"xmlns,attr,omitempty"`
	Status  string   `xml:"Status,omitempty"`
}

func (a *S3) putVersioning(c *wire.Request) wire.Reply {
	b := a.bucket(c)
	var in versioning
	if err := xml.Unmarshal(c.Payload, &in); err != nil {
		return c.Fail(http.StatusBadRequest, "MalformedXML", "The XML you provided was not well-formed")
	}
	b.Versioned = in.Status == "Enabled"
	return wire.Reply{Status: http.StatusOK, Header: http.Header{}}
}

func (a *S3) getVersioning(c *wire.Request) wire.Reply {
	b := a.bucket(c)
	out := versioning{Space: s3Namespace}
	if b.Versioned {
		out.Status = "Enabled"
	}
	return wire.XML(http.StatusOK, http.Header{}, out)
}

// find returns the object, or its version; nil if there is none.
func (b *Bucket) find(key, version string) *object {
	for _, o := range slices.Backward(b.objects) {
		if o.is(key, version) {
			if o.deleted {
				return nil
			}
			return o
		}
	}
	return nil
}

// is reports whether it has the key and the version, "" for any.
func (o *object) is(key, version string) bool {
	return o.Key == key && (version == "" || o.VersionID == version)
}

// drop removes a version of an object, or all of them for "".
func (b *Bucket) drop(key, version string) {
	b.objects = slices.DeleteFunc(b.objects, func(o *object) bool { return o.is(key, version) })
}

func (a *S3) putObject(c *wire.Request) wire.Reply {
	b := a.bucket(c)
	b.guard(c)
	body, given := sent(c)
	o := objectOf(c, body)
	o.checksums = given
	a.keep(b, o)
	answer := wire.Reply{Status: http.StatusOK, Header: given.Clone()}
	answer.Header.Set("Etag", o.etag)
	if b.Versioned {
		answer.Header.Set("X-Amz-Version-Id", o.VersionID)
	}
	return answer
}

// guard refuses a write whose condition does not hold.
func (b *Bucket) guard(c *wire.Request) {
	there := b.find(c.Part[1], "")
	match := c.Header.Get("If-Match")
	switch {
	case c.Header.Get("If-None-Match") == "*" && there != nil, match != "" && there != nil && there.etag != match:
		c.Refuse(http.StatusPreconditionFailed, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
	case match != "" && there == nil:
		c.Refuse(http.StatusNotFound, "NoSuchKey", "The specified key does not exist.")
	}
}

// objectOf returns an object with what the call's headers say of it.
func objectOf(c *wire.Request, body []byte) *object {
	o := newObject(c.Part[1], body)
	o.Tagging = c.Header.Get("X-Amz-Tagging")
	for name, values := range c.Header {
		if slices.Contains([]string{"Content-Type", "X-Amz-Server-Side-Encryption", "X-Amz-Storage-Class", kmsHeader}, name) ||
			strings.HasPrefix(name, "X-Amz-Meta-") {
			o.header[name] = values
		}
	}
	return o
}

// keep stores an object, beside the older ones of its key or in place of them.
func (a *S3) keep(b *Bucket, o *object) {
	if b.Versioned {
		o.VersionID = fmt.Sprintf("v%031d", a.Next())
	} else {
		b.drop(o.Key, "")
	}
	b.objects = append(b.objects, o)
}

func etag(body []byte) string {
	sum := md5.Sum(body)
	return `"` + hex.EncodeToString(sum[:]) + `"`
}

// getObject answers GET and HEAD.
func (a *S3) getObject(c *wire.Request) wire.Reply {
	b := a.bucket(c)
	o := b.find(c.Part[1], c.URL.Query().Get("versionId"))
	if o == nil {
		return c.Fail(http.StatusNotFound, "NoSuchKey", "The specified key does not exist.")
	}
	header := o.header.Clone()
	header.Set("Etag", o.etag)
	header.Set("Last-Modified", o.modified.Format(http.TimeFormat))
	header.Set("Content-Length", strconv.Itoa(len(o.Body)))
	if b.Versioned {
		header.Set("X-Amz-Version-Id", o.VersionID)
	}
	if strings.EqualFold(c.Header.Get("X-Amz-Checksum-Mode"), "ENABLED") {
		maps.Copy(header, o.checksums)
		if o.Parts > 0 {
			header.Set("X-Amz-Checksum-Type", "COMPOSITE")
		}
	}
	return wire.Reply{Status: http.StatusOK, Header: header, Body: o.Body}
}

func (a *S3) deleteObject(c *wire.Request) wire.Reply {
	b := a.bucket(c)
	key, version := c.Part[1], c.URL.Query().Get("versionId")
	if version == "" && b.Versioned {
		marker := newObject(key, nil)
		marker.deleted = true
		a.keep(b, marker)
	} else {
		b.drop(key, version)
	}
	return wire.Nothing()
}

// sent returns the body as it was meant, and the checksums that came with it, in
// headers or in trailers. It refuses a body that is not what they say.
func sent(c *wire.Request) (body []byte, given http.Header) {
	body, given = c.Payload, http.Header{}
	trailer := http.Header{}
	if strings.HasPrefix(c.Header.Get("X-Amz-Content-Sha256"), "STREAMING-") {
		var err error
		if body, trailer, err = unchunk(c.Payload); err != nil {
			c.Refuse(http.StatusBadRequest, "IncompleteBody", "%v", err)
		}
	}
	for _, from := range []http.Header{c.Header, trailer} {
		for name, values := range from {
			if strings.HasPrefix(name, "X-Amz-Checksum-") && name != "X-Amz-Checksum-Algorithm" {
				given[name] = values
			}
		}
	}
	for name, sum := range map[string]hash.Hash{
		"Sha256": sha256.New(), "Sha1": sha1.New(), "Crc32": crc32.NewIEEE(), "Crc32c": crc32.New(crc32.MakeTable(crc32.Castagnoli)),
	} {
		want := given.Get("X-Amz-Checksum-" + name)
		_, _ = sum.Write(body) // a hash takes every write
		if want != "" && base64.StdEncoding.EncodeToString(sum.Sum(nil)) != want {
			c.Refuse(http.StatusBadRequest, "BadDigest", "The %s you specified did not match the calculated checksum.", strings.ToUpper(name))
		}
	}
	return body, given
}

// unchunk reads the aws-chunked encoding, which is HTTP's with signatures as
// extensions: the data, and the trailers after it.
func unchunk(encoded []byte) ([]byte, http.Header, error) {
	reader := bufio.NewReader(bytes.NewReader(encoded))
	body, err := io.ReadAll(httputil.NewChunkedReader(reader))
	if err != nil {
		return nil, nil, fmt.Errorf("reading a chunk: %w", err)
	}
	trailer, err := textproto.NewReader(reader).ReadMIMEHeader()
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, nil, fmt.Errorf("reading the trailer: %w", err)
	}
	return body, http.Header(trailer), nil
}

// Bucket returns a bucket, nil where there is none. The state is locked.
func (a *S3) Bucket(name string) *Bucket { return a.buckets[name] }

// Body returns the bytes of an object, or of a version of it, and the id of the
// signing job that made it. The state is locked.
func (b *Bucket) Body(key, version string) (body []byte, signing string, found bool) {
	o := b.find(key, version)
	if o == nil {
		return nil, "", false
	}
	return o.Body, o.signing, true
}

// KeepSigned stores the zip that a signing job made. The state is locked.
func (a *S3) KeepSigned(b *Bucket, key string, body []byte, job string, checksums http.Header) {
	o := newObject(key, body)
	o.header.Set("Content-Type", "application/zip")
	o.checksums, o.signing = checksums, job
	a.keep(b, o)
}
