package lambdatest

import (
	"archive/zip"
	"bytes"
	"net/http"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest/signer"
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

// archive returns the bytes of a zip and its unzipped size, and refuses what is no
// zip for Lambda.
func (a *AWS) archive(c *call, from code) (data []byte, unzipped int64) {
	refuse := func(format string, args ...any) {
		c.Refuse(http.StatusBadRequest, "InvalidParameterValueException", format, args...)
	}
	data = from.ZipFile
	if from.S3Bucket != "" {
		b := a.Bucket(from.S3Bucket)
		switch {
		case b == nil:
			refuse("Error occurred while GetObject. S3 Error Code: NoSuchBucket. S3 Error Message: The specified bucket does not exist")
		case b.Region != c.Region:
			refuse("Error occurred while GetObject. S3 Error Code: PermanentRedirect. S3 Error Message: "+
				"The bucket is in this region: %s. Please use this region to retry the request", b.Region)
		case from.S3ObjectStorageMode == "REFERENCE" && !b.Versioned:
			refuse("The bucket must have versioning enabled for S3ObjectStorageMode REFERENCE.")
		}
		var found bool
		if data, _, found = b.Body(from.S3Key, from.S3ObjectVersion); !found {
			refuse("Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The specified key does not exist.")
		}
	}
	reader, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	switch {
	case len(data) == 0 || err == nil && len(reader.File) == 0:
		refuse("Uploaded file must be a non-empty zip")
	case err != nil:
		refuse("Could not unzip uploaded file. Please check your file, then try to upload again.")
	}
	for _, f := range reader.File {
		unzipped += int64(f.UncompressedSize64)
	}
	if unzipped > maxUnzipped {
		refuse("Unzipped size must be smaller than %d bytes", maxUnzipped)
	}
	return data, unzipped
}

// signingOf returns the job that signed the archive, or nil.
func (a *AWS) signingOf(from code) *signer.Job {
	b := a.Bucket(from.S3Bucket)
	if b == nil {
		return nil
	}
	_, id, _ := b.Body(from.S3Key, from.S3ObjectVersion)
	return a.Signer.Find(id)
}

// download serves Content.Location, which needs no signature.
func (a *AWS) download(w http.ResponseWriter, r *http.Request) {
	a.Lock()
	data, known := a.downloads[r.URL.Path]
	a.Unlock()
	if !known {
		http.Error(w, "AccessDenied", http.StatusForbidden)
		return
	}
	reply{Status: http.StatusOK, Header: http.Header{"Content-Type": {"application/zip"}}, Body: data}.Send(w, r)
}
