package s3

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"net/http"
	"strconv"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest/wire"
)

// minPart is the least that S3 takes for a part that is not the last, in bytes.
const minPart = 5 << 20

// multipart is an upload in parts that is not completed.
type multipart struct {
	object *object
	parts  map[int]*part
}

type part struct {
	body         []byte
	etag, sha256 string // sha256 is base64, or "" if none was given
}

// Uploads returns the number of uploads in parts that are neither completed nor
// aborted. S3 charges for them.
func (a *S3) Uploads(bucketName string) int {
	a.Lock()
	defer a.Unlock()
	return len(a.buckets[bucketName].uploads)
}

func (a *S3) createMultipart(c *wire.Request) wire.Reply {
	b := a.bucket(c)
	id := fmt.Sprintf("upload%026d", a.Next())
	b.uploads[id] = &multipart{object: objectOf(c, nil), parts: map[int]*part{}}
	return wire.XML(http.StatusOK, http.Header{}, struct {
		XMLName  xml.Name `xml:"InitiateMultipartUploadResult"`
		Bucket   string
		Key      string
		UploadID string `xml:"UploadId"`
	}{Bucket: c.Part[0], Key: c.Part[1], UploadID: id})
}

// upload returns the upload that the call names, and refuses one that is not there.
func (a *S3) upload(c *wire.Request) (*Bucket, *multipart) {
	b := a.bucket(c)
	m := b.uploads[c.URL.Query().Get("uploadId")]
	if m == nil || m.object.Key != c.Part[1] {
		c.Refuse(http.StatusNotFound, "NoSuchUpload",
			"The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.")
	}
	return b, m
}

func (a *S3) uploadPart(c *wire.Request) wire.Reply {
	_, m := a.upload(c)
	number, err := strconv.Atoi(c.URL.Query().Get("partNumber"))
	if err != nil || number < 1 || number > 10_000 {
		return c.Fail(http.StatusBadRequest, "InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive")
	}
	body, given := sent(c)
	p := &part{body: body, etag: etag(body), sha256: given.Get("X-Amz-Checksum-Sha256")}
	m.parts[number] = p
	answer := wire.Reply{Status: http.StatusOK, Header: given.Clone()}
	answer.Header.Set("Etag", p.etag)
	return answer
}

// completion is the list of parts that make the object.
type completion struct {
	Part []struct {
		PartNumber     int
		ETag           string
		ChecksumSHA256 string
	}
}

func (a *S3) completeMultipart(c *wire.Request) wire.Reply {
	b, m := a.upload(c)
	b.guard(c)
	var in completion
	if err := xml.Unmarshal(c.Payload, &in); err != nil || len(in.Part) == 0 {
		return c.Fail(http.StatusBadRequest, "MalformedXML", "The XML you provided was not well-formed")
	}
	var body []byte
	sums, tags := sha256.New(), md5.New()
	for i, named := range in.Part {
		p := m.parts[named.PartNumber]
		switch {
		case i > 0 && in.Part[i-1].PartNumber >= named.PartNumber:
			return c.Fail(http.StatusBadRequest, "InvalidPartOrder", "The list of parts was not in ascending order.")
		case p == nil || p.etag != named.ETag || named.ChecksumSHA256 != p.sha256:
			return c.Fail(http.StatusBadRequest, "InvalidPart", "One or more of the specified parts could not be found.")
		case i < len(in.Part)-1 && len(p.body) < minPart:
			return c.Fail(http.StatusBadRequest, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size")
		}
		sum, tag := sha256.Sum256(p.body), md5.Sum(p.body)
		_, _ = sums.Write(sum[:]) // a hash takes every write
		_, _ = tags.Write(tag[:]) // likewise
		body = append(body, p.body...)
	}
	if size := c.Header.Get("X-Amz-Mp-Object-Size"); size != "" && size != strconv.Itoa(len(body)) {
		return c.Fail(http.StatusBadRequest, "InvalidRequest", "The provided x-amz-mp-object-size does not match the size of the parts.")
	}
	delete(b.uploads, c.URL.Query().Get("uploadId"))
	o := m.object
	o.Body, o.Parts, o.checksums = body, len(in.Part), http.Header{}
	o.etag = fmt.Sprintf("%q", fmt.Sprintf("%s-%d", hex.EncodeToString(tags.Sum(nil)), o.Parts))
	composite := ""
	if in.Part[0].ChecksumSHA256 != "" {
		composite = fmt.Sprintf("%s-%d", base64.StdEncoding.EncodeToString(sums.Sum(nil)), o.Parts)
		o.checksums.Set("X-Amz-Checksum-Sha256", composite)
	}
	a.keep(b, o)
	header := http.Header{}
	if b.Versioned {
		header.Set("X-Amz-Version-Id", o.VersionID)
	}
	return wire.XML(http.StatusOK, header, struct {
		XMLName        xml.Name `xml:"CompleteMultipartUploadResult"`
		Bucket         string
		Key            string
		ETag           string
		ChecksumSHA256 string `xml:",omitempty"`
		ChecksumType   string
	}{Bucket: c.Part[0], Key: c.Part[1], ETag: o.etag, ChecksumSHA256: composite, ChecksumType: "COMPOSITE"})
}

func (a *S3) abortMultipart(c *wire.Request) wire.Reply {
	b, _ := a.upload(c)
	delete(b.uploads, c.URL.Query().Get("uploadId"))
	return wire.Nothing()
}

func (a *S3) getBucketPolicy(c *wire.Request) wire.Reply {
	b := a.bucket(c)
	if b.policy == "" {
		return c.Fail(http.StatusNotFound, "NoSuchBucketPolicy", "The bucket policy does not exist")
	}
	return wire.Reply{Status: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(b.policy)}
}
