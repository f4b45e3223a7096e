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

// call is one request on its way through, handler what carries it out.
type (
	call    struct{ *wire.Request }
	handler func(*S3, *call) wire.Reply
)

// Route finds the operation of a call, and what carries it out; nil for none.
func (a *S3) Route(r *wire.Request) wire.Handler {
	handle := (&call{r}).route()
	if handle == nil {
		return nil
	}
	return func(r *wire.Request) wire.Reply { return handle(a, &call{r}) }
}

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
	key, version string
	body         []byte
	etag         string
	header       http.Header // what a GET answers: type, encryption, class, metadata
	tagging      string      // as a query
	checksums    http.Header
	parts        int
	modified     time.Time
	deleted      bool   // a delete marker
	signing      string // the id of the signing job that made the object, "" where none did
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
	a.buckets[name] = &Bucket{Region: regionName, Versioned: versioned}
}

// PutObject stores an object without a call, in place of one of the same key.
// It may be called by a Fault.
func (a *S3) PutObject(bucketName, key string, body []byte) {
	a.Lock()
	defer a.Unlock()
	b := a.buckets[bucketName]
	b.objects = slices.DeleteFunc(b.objects, func(o *object) bool { return o.key == key })
	b.objects = append(b.objects, &object{
		key: key, version: "null", body: body, etag: etag(body), header: http.Header{}, modified: time.Now().UTC(),
	})
}

// DeleteObject removes every version of an object without a call. It may be
// called by a Fault.
func (a *S3) DeleteObject(bucketName, key string) {
	a.Lock()
	defer a.Unlock()
	b := a.buckets[bucketName]
	b.objects = slices.DeleteFunc(b.objects, func(o *object) bool { return o.key == key })
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
	var objects []Object
	if a.buckets[bucketName] == nil {
		return nil
	}
	for _, o := range a.buckets[bucketName].objects {
		if !o.deleted {
			objects = append(objects, Object{
				Key: o.key, VersionID: o.version, Body: o.body,
				KMSKeyID: o.header.Get(kmsHeader), Tagging: o.tagging, SHA256: o.checksums.Get("X-Amz-Checksum-Sha256"), Parts: o.parts,
				StorageClass: o.header.Get("X-Amz-Storage-Class"),
			})
		}
	}
	return objects
}

const kmsHeader = "X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id"

func (c *call) route() handler {
	name, key, _ := strings.Cut(strings.TrimPrefix(c.URL.Path, "/"), "/")
	c.Part = []string{name, key}
	query := c.URL.Query()
	type route struct {
		operation string
		handle    handler
	}
	routes := map[string]route{
		"PUT object": {"PutObject", putObject}, "GET object": {"GetObject", getObject},
		"HEAD object": {"HeadObject", getObject}, "DELETE object": {"DeleteObject", deleteObject},
		"PUT bucket": {"CreateBucket", createBucket}, "HEAD bucket": {"HeadBucket", headBucket},
		"PUT versioning": {"PutBucketVersioning", putVersioning}, "GET versioning": {"GetBucketVersioning", getVersioning},
		"GET policy":   {"GetBucketPolicy", getBucketPolicy},
		"POST uploads": {"CreateMultipartUpload", createMultipart}, "PUT upload": {"UploadPart", uploadPart},
		"POST upload": {"CompleteMultipartUpload", completeMultipart}, "DELETE upload": {"AbortMultipartUpload", abortMultipart},
	}
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
	found := routes[c.Method+" "+kind]
	c.Operation = found.operation
	return found.handle
}

// bucket finds the bucket of the path, in the region of the call.
func (a *S3) bucket(c *call) (*Bucket, *wire.Reply) {
	b := a.buckets[c.Part[0]]
	if b == nil {
		refusal := c.Fail(http.StatusNotFound, "NoSuchBucket", "The specified bucket does not exist")
		return nil, &refusal
	}
	if b.Region != c.Region {
		refusal := c.Fail(http.StatusMovedPermanently, "PermanentRedirect",
			"The bucket you are attempting to access must be addressed using the specified endpoint.")
		refusal.Header.Set("X-Amz-Bucket-Region", b.Region)
		return nil, &refusal
	}
	return b, nil
}

func createBucket(a *S3, c *call) wire.Reply {
	if a.buckets[c.Part[0]] != nil {
		return c.Fail(http.StatusConflict, "BucketAlreadyOwnedByYou",
			"Your previous request to create the named bucket succeeded and you already own it.")
	}
	a.buckets[c.Part[0]] = &Bucket{Region: c.Region}
	return wire.Reply{Status: http.StatusOK, Header: http.Header{"Location": {"/" + c.Part[0]}}}
}

func headBucket(a *S3, c *call) wire.Reply {
	b, refusal := a.bucket(c)
	if refusal != nil {
		return *refusal
	}
	return wire.Reply{Status: http.StatusOK, Header: http.Header{"X-Amz-Bucket-Region": {b.Region}}}
}

type versioning struct {
	XMLName xml.Name `xml:"VersioningConfiguration"`
	Space   string   `xml:"xmlns,attr,omitempty"`
	Status  string   `xml:"Status,omitempty"`
}

func putVersioning(a *S3, c *call) wire.Reply {
	b, refusal := a.bucket(c)
	if refusal != nil {
		return *refusal
	}
	var in versioning
	if err := xml.Unmarshal(c.Payload, &in); err != nil {
		return c.Fail(http.StatusBadRequest, "MalformedXML", "The XML you provided was not well-formed")
	}
	b.Versioned = in.Status == "Enabled"
	return wire.Reply{Status: http.StatusOK, Header: http.Header{}}
}

func getVersioning(a *S3, c *call) wire.Reply {
	b, refusal := a.bucket(c)
	if refusal != nil {
		return *refusal
	}
	out := versioning{Space: s3Namespace}
	if b.Versioned {
		out.Status = "Enabled"
	}
	return wire.XML(http.StatusOK, http.Header{}, out)
}

// find returns the object, or its version; nil if there is none.
func (b *Bucket) find(key, version string) *object {
	for _, o := range slices.Backward(b.objects) {
		if o.key != key || version != "" && o.version != version {
			continue
		}
		if o.deleted {
			return nil
		}
		return o
	}
	return nil
}

func putObject(a *S3, c *call) wire.Reply {
	b, refusal := a.bucket(c)
	if refusal != nil {
		return *refusal
	}
	if refusal := c.guard(b); refusal != nil {
		return *refusal
	}
	body, given, err := c.object()
	if err != nil {
		return c.Fail(http.StatusBadRequest, "IncompleteBody", err.Error())
	}
	if refusal := c.checkSums(body, given); refusal != nil {
		return *refusal
	}
	o := c.newObject()
	o.body, o.etag, o.checksums = body, etag(body), given
	a.keep(b, o)
	answer := wire.Reply{Status: http.StatusOK, Header: given.Clone()}
	answer.Header.Set("Etag", o.etag)
	if b.Versioned {
		answer.Header.Set("X-Amz-Version-Id", o.version)
	}
	return answer
}

// guard refuses a write whose condition does not hold.
func (c *call) guard(b *Bucket) *wire.Reply {
	there := b.find(c.Part[1], "")
	match := c.Header.Get("If-Match")
	var refusal wire.Reply
	switch {
	case c.Header.Get("If-None-Match") == "*" && there != nil, match != "" && there != nil && there.etag != match:
		refusal = c.Fail(http.StatusPreconditionFailed, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
	case match != "" && there == nil:
		refusal = c.Fail(http.StatusNotFound, "NoSuchKey", "The specified key does not exist.")
	default:
		return nil
	}
	return &refusal
}

// newObject returns an object with what the call's headers say of it.
func (c *call) newObject() *object {
	o := &object{key: c.Part[1], version: "null", header: http.Header{}, tagging: c.Header.Get("X-Amz-Tagging"), modified: time.Now().UTC()}
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
		o.version = fmt.Sprintf("v%031d", a.Next())
	} else {
		b.objects = slices.DeleteFunc(b.objects, func(old *object) bool { return old.key == o.key })
	}
	b.objects = append(b.objects, o)
}

func etag(body []byte) string {
	sum := md5.Sum(body)
	return `"` + hex.EncodeToString(sum[:]) + `"`
}

// getObject answers GET and HEAD.
func getObject(a *S3, c *call) wire.Reply {
	b, refusal := a.bucket(c)
	if refusal != nil {
		return *refusal
	}
	o := b.find(c.Part[1], c.URL.Query().Get("versionId"))
	if o == nil {
		return c.Fail(http.StatusNotFound, "NoSuchKey", "The specified key does not exist.")
	}
	header := o.header.Clone()
	header.Set("Etag", o.etag)
	header.Set("Last-Modified", o.modified.Format(http.TimeFormat))
	header.Set("Content-Length", strconv.Itoa(len(o.body)))
	if b.Versioned {
		header.Set("X-Amz-Version-Id", o.version)
	}
	if strings.EqualFold(c.Header.Get("X-Amz-Checksum-Mode"), "ENABLED") {
		maps.Copy(header, o.checksums)
		if o.parts > 0 {
			header.Set("X-Amz-Checksum-Type", "COMPOSITE")
		}
	}
	return wire.Reply{Status: http.StatusOK, Header: header, Body: o.body}
}

func deleteObject(a *S3, c *call) wire.Reply {
	b, refusal := a.bucket(c)
	if refusal != nil {
		return *refusal
	}
	key, version := c.Part[1], c.URL.Query().Get("versionId")
	switch {
	case version != "":
		b.objects = slices.DeleteFunc(b.objects, func(o *object) bool { return o.key == key && o.version == version })
	case b.Versioned:
		b.objects = append(b.objects, &object{key: key, version: fmt.Sprintf("v%031d", a.Next()), deleted: true})
	default:
		b.objects = slices.DeleteFunc(b.objects, func(o *object) bool { return o.key == key })
	}
	return wire.Nothing()
}

// object returns the body as it was meant, and the checksums that came with
// it, in headers or in trailers.
func (c *call) object() ([]byte, http.Header, error) {
	body, trailer := c.Payload, http.Header{}
	if strings.HasPrefix(c.Header.Get("X-Amz-Content-Sha256"), "STREAMING-") {
		var err error
		if body, trailer, err = unchunk(c.Payload); err != nil {
			return nil, nil, err
		}
	}
	given := http.Header{}
	for _, from := range []http.Header{c.Header, trailer} {
		for name, values := range from {
			if strings.HasPrefix(name, "X-Amz-Checksum-") && name != "X-Amz-Checksum-Algorithm" {
				given[name] = values
			}
		}
	}
	return body, given, nil
}

// unchunk reads the aws-chunked encoding: hexadecimal length, optional
// signature, data, and trailers after the chunk of length zero.
func unchunk(encoded []byte) ([]byte, http.Header, error) {
	reader := bufio.NewReader(bytes.NewReader(encoded))
	var body bytes.Buffer
	for {
		line, err := reader.ReadString('\n')
		if err != nil {
			return nil, nil, fmt.Errorf("reading a chunk's length: %w", err)
		}
		length, _, _ := strings.Cut(strings.TrimSpace(line), ";")
		n, err := strconv.ParseInt(length, 16, 64)
		if err != nil || n < 0 {
			return nil, nil, fmt.Errorf("reading a chunk's length %q", length)
		}
		if n == 0 {
			break
		}
		if _, err := io.CopyN(&body, reader, n); err != nil {
			return nil, nil, fmt.Errorf("reading a chunk: %w", err)
		}
		if _, err := reader.Discard(len("\r\n")); err != nil {
			return nil, nil, fmt.Errorf("reading a chunk's end: %w", err)
		}
	}
	trailer, err := textproto.NewReader(reader).ReadMIMEHeader()
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, nil, fmt.Errorf("reading the trailer: %w", err)
	}
	return body.Bytes(), http.Header(trailer), nil
}

// checkSums refuses a body that is not what its checksums say.
func (c *call) checkSums(body []byte, given http.Header) *wire.Reply {
	for name, sum := range map[string]hash.Hash{
		"Sha256": sha256.New(), "Sha1": sha1.New(), "Crc32": crc32.NewIEEE(), "Crc32c": crc32.New(crc32.MakeTable(crc32.Castagnoli)),
	} {
		want := given.Get("X-Amz-Checksum-" + name)
		if want == "" {
			continue
		}
		_, _ = sum.Write(body) // a hash takes every write
		if base64.StdEncoding.EncodeToString(sum.Sum(nil)) != want {
			refusal := c.Fail(http.StatusBadRequest, "BadDigest",
				fmt.Sprintf("The %s you specified did not match the calculated checksum.", strings.ToUpper(name)))
			return &refusal
		}
	}
	return nil
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
	return o.body, o.signing, true
}

// KeepSigned stores the zip that a signing job made. The state is locked.
func (a *S3) KeepSigned(b *Bucket, key string, body []byte, job string, checksums http.Header) {
	a.keep(b, &object{
		key: key, version: "null", body: body, etag: etag(body), header: http.Header{"Content-Type": {"application/zip"}},
		checksums: checksums, modified: time.Now().UTC(), signing: job,
	})
}
