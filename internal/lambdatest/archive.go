package lambdatest

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
)

const (
	downloadPrefix = "/snapshots/"
	maxUnzipped    = 262_144_000 // bytes
)

// code is an archive, in the request or in S3.
type code struct {
	ZipFile                          []byte
	S3Bucket, S3Key, S3ObjectVersion string
	S3ObjectStorageMode              string
}

// archive returns the bytes of a zip and its unzipped size, or a refusal.
func (a *AWS) archive(c *call, from code) ([]byte, int64, *reply) {
	refuse := func(format string, args ...any) ([]byte, int64, *reply) {
		refusal := c.fail(http.StatusBadRequest, "InvalidParameterValueException", fmt.Sprintf(format, args...))
		return nil, 0, &refusal
	}
	data := from.ZipFile
	if from.S3Bucket != "" {
		b := a.buckets[from.S3Bucket]
		if b == nil {
			return refuse("Error occurred while GetObject. S3 Error Code: NoSuchBucket. S3 Error Message: The specified bucket does not exist")
		}
		if b.region != c.region {
			return refuse("Error occurred while GetObject. S3 Error Code: PermanentRedirect. S3 Error Message: "+
				"The bucket is in this region: %s. Please use this region to retry the request", b.region)
		}
		if from.S3ObjectStorageMode == "REFERENCE" && !b.versioned {
			return refuse("The bucket must have versioning enabled for S3ObjectStorageMode REFERENCE.")
		}
		o := b.find(from.S3Key, from.S3ObjectVersion)
		if o == nil {
			return refuse("Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The specified key does not exist.")
		}
		data = o.body
	}
	if len(data) == 0 {
		return refuse("Uploaded file must be a non-empty zip")
	}
	reader, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return refuse("Could not unzip uploaded file. Please check your file, then try to upload again.")
	}
	if len(reader.File) == 0 {
		return refuse("Uploaded file must be a non-empty zip")
	}
	var unzipped uint64
	for _, f := range reader.File {
		unzipped += f.UncompressedSize64
	}
	if unzipped > maxUnzipped {
		return refuse("Unzipped size must be smaller than %d bytes", maxUnzipped)
	}
	return data, int64(unzipped), nil
}

// signingOf returns the job that signed the archive, or nil.
func (a *AWS) signingOf(from code) *signingJob {
	if b := a.buckets[from.S3Bucket]; b != nil {
		if o := b.find(from.S3Key, from.S3ObjectVersion); o != nil {
			return o.signing
		}
	}
	return nil
}

func base64SHA256(data []byte) string {
	sum := sha256.Sum256(data)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// download serves Content.Location, which needs no signature.
func (a *AWS) download(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	data, known := a.downloads[r.URL.Path]
	a.mu.Unlock()
	if !known {
		http.Error(w, "AccessDenied", http.StatusForbidden)
		return
	}
	reply{status: http.StatusOK, header: http.Header{"Content-Type": {"application/zip"}}, body: data}.send(w, r)
}
