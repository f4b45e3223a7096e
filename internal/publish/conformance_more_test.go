package publish

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/base64"
	"errors"
	"fmt"
	"hash/crc32"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// function makes the probe's function with the layers.
func (s *service) function(layers ...string) error {
	const role = "arn:aws:iam::123456789012:role/probe"
	if err := s.role("probe"); err != nil {
		return err
	}
	_, err := s.lambda.CreateFunction(s, &lambda.CreateFunctionInput{
		FunctionName: &s.name, Role: aws.String(role), Runtime: types.RuntimePython312, Handler: aws.String("app.handler"),
		Code: &types.FunctionCode{ZipFile: s.zip}, Layers: layers,
	})
	return err
}

// role makes a role where the service has any; the stand-in of this
// repository asks for none.
func (s *service) role(name string) error {
	form := url.Values{
		"Action": {"CreateRole"}, "Version": {"2010-05-08"}, "RoleName": {name},
		"AssumeRolePolicyDocument": {`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`},
	}
	request, err := http.NewRequestWithContext(s, http.MethodPost, s.url, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=0")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	return answer.Body.Close()
}

func functionProbes() []probe {
	attached := func(s *service, of types.FunctionVersion) ([]string, error) {
		var names []string
		pages := lambda.NewListFunctionsPaginator(s.lambda, &lambda.ListFunctionsInput{FunctionVersion: of})
		for pages.HasMorePages() {
			page, err := pages.NextPage(s)
			if err != nil {
				return nil, err
			}
			for _, f := range page.Functions {
				if aws.ToString(f.FunctionName) == s.name && len(f.Layers) == 1 {
					names = append(names, aws.ToString(f.Version)+" "+aws.ToString(f.Layers[0].Arn))
				}
			}
		}
		slices.Sort(names)
		return names, nil
	}
	return []probe{
		{"functions list their layers, all versions", func(s *service) error {
			v, err := s.publish()
			if err != nil {
				return err
			}
			arn := aws.ToString(v.LayerVersionArn)
			if err := s.function(arn); err != nil {
				return err
			}
			if _, err := s.lambda.PublishVersion(s, &lambda.PublishVersionInput{FunctionName: &s.name}); err != nil {
				return err
			}
			names, err := attached(s, types.FunctionVersionAll)
			if err != nil {
				return err
			}
			return same("users", fmt.Sprint(names), fmt.Sprint([]string{"$LATEST " + arn, "1 " + arn}))
		}},
		{"a publisher retires what no function has", (*service).retirement},
		{"a deleted version stays attached", func(s *service) error {
			v, err := s.publish()
			if err != nil {
				return err
			}
			if err := s.function(aws.ToString(v.LayerVersionArn)); err != nil {
				return err
			}
			if _, err := s.lambda.DeleteLayerVersion(s, &lambda.DeleteLayerVersionInput{LayerName: &s.name, VersionNumber: &v.Version}); err != nil {
				return err
			}
			names, err := attached(s, "")
			if err != nil {
				return err
			}
			return same("users", len(names), 1)
		}},
		{"a layer that is not there cannot be attached", func(s *service) error {
			err := s.function("arn:aws:lambda:" + home + ":123456789012:layer:" + s.name + ":9")
			return refusal(err, 400, "InvalidParameterValueException")
		}},
		{"six layers cannot be attached", func(s *service) error {
			var arns []string
			for i := range 6 {
				v, err := s.publish(func(in *lambda.PublishLayerVersionInput) { in.LayerName = aws.String(fmt.Sprintf("%s-%d", s.name, i)) })
				if err != nil {
					return err
				}
				arns = append(arns, aws.ToString(v.LayerVersionArn))
			}
			return refusal(s.function(arns...), 400, "InvalidParameterValueException")
		}},
		{"layers and code share one limit", func(s *service) error {
			var arns []string
			for i := range 2 {
				v, err := s.publish(func(in *lambda.PublishLayerVersionInput) {
					in.LayerName, in.Content.ZipFile = aws.String(fmt.Sprintf("%s-%d", s.name, i)), zeros(140_000_000)
				})
				if err != nil {
					return err
				}
				arns = append(arns, aws.ToString(v.LayerVersionArn))
			}
			return refusal(s.function(arns...), 400, "InvalidParameterValueException")
		}},
	}
}

func otherProbes() []probe {
	put := func(s *service, body []byte, sum string) (*s3.PutObjectOutput, error) {
		return s.s3.PutObject(s, &s3.PutObjectInput{
			Bucket: &s.name, Key: aws.String("y"), Body: bytes.NewReader(body),
			ChecksumAlgorithm: s3types.ChecksumAlgorithmSha256, ChecksumSHA256: &sum,
		})
	}
	return []probe{
		{"the caller has an account of 12 digits", func(s *service) error {
			out, err := s.sts.GetCallerIdentity(s, &sts.GetCallerIdentityInput{})
			if err != nil {
				return err
			}
			return same("the account's length", len(aws.ToString(out.Account)), 12)
		}},
		{"S3 refuses a body with another SHA-256", func(s *service) error {
			if _, err := s.bucket("x", s.zip, false); err != nil {
				return err
			}
			_, err := put(s, s.zip, base64.StdEncoding.EncodeToString(make([]byte, 32)))
			return refusal(err, 400, "BadDigest", "InvalidRequest", "XAmzContentChecksumMismatch")
		}},
		{"S3 tells the SHA-256 of an object", func(s *service) error {
			if _, err := s.bucket("x", s.zip, false); err != nil {
				return err
			}
			sum := store.Sum(s.zip).Base64()
			if _, err := put(s, s.zip, sum); err != nil {
				return err
			}
			out, err := s.s3.HeadObject(s, &s3.HeadObjectInput{Bucket: &s.name, Key: aws.String("y"), ChecksumMode: s3types.ChecksumModeEnabled})
			if err != nil {
				return err
			}
			return same("SHA-256", aws.ToString(out.ChecksumSHA256), sum)
		}},
		{"S3 tells the version in a versioned bucket", func(s *service) error {
			version, err := s.bucket("x", s.zip, true)
			if err != nil {
				return err
			}
			out, err := s.s3.HeadObject(s, &s3.HeadObjectInput{Bucket: &s.name, Key: aws.String("x")})
			if err != nil {
				return err
			}
			return errors.Join(same("a version", version != "", true), same("the version of HEAD", aws.ToString(out.VersionId), version))
		}},
		{"S3 has no object that was deleted", func(s *service) error {
			if _, err := s.bucket("x", s.zip, true); err != nil {
				return err
			}
			if _, err := s.s3.DeleteObject(s, &s3.DeleteObjectInput{Bucket: &s.name, Key: aws.String("x")}); err != nil {
				return err
			}
			_, err := s.s3.GetObject(s, &s3.GetObjectInput{Bucket: &s.name, Key: aws.String("x")})
			return refusal(err, 404, "NoSuchKey")
		}},
		{"S3 gives back what it was given", func(s *service) error {
			if _, err := s.bucket("x", s.zip, false); err != nil {
				return err
			}
			out, err := s.s3.GetObject(s, &s3.GetObjectInput{Bucket: &s.name, Key: aws.String("x")})
			if err != nil {
				return err
			}
			var got bytes.Buffer
			if _, err := got.ReadFrom(out.Body); err != nil {
				return err
			}
			return errors.Join(out.Body.Close(), same("equal bytes", bytes.Equal(got.Bytes(), s.zip), true))
		}},
		{"a publisher publishes once, reads and deletes", func(s *service) error { return s.roundTrip(nil) }},
		{"a publisher publishes through S3", func(s *service) error {
			if _, err := s.bucket("x", s.zip, false); err != nil {
				return err
			}
			return s.roundTrip(&Staging{Bucket: s.name, Prefix: "layers/"})
		}},
	}
}

// publisher returns a Publisher for the service that does not wait long.
func (s *service) publisher() (*Publisher, error) {
	p, err := New(s, Config{
		Region: home, AccessKey: "AKIDEXAMPLE", SecretKey: "secret", S3UsePathStyle: true,
		Endpoints: Endpoints{Lambda: s.url, S3: s.url, STS: s.url}, SkipMetadataAPICheck: aws.Bool(true),
	})
	if err != nil {
		return nil, err
	}
	p.patience.First, p.patience.Longest = time.Millisecond, 100*time.Millisecond
	return p, nil
}

// roundTrip goes through the whole life of a version with a Publisher.
func (s *service) roundTrip(staging *Staging) error {
	p, err := s.publisher()
	if err != nil {
		return err
	}
	if staging != nil {
		p.transfer.direct = 0
	}
	r := Request{
		LayerName: s.name, Description: "of a probe", LicenseInfo: "MIT", Runtimes: []string{"python3.12", "python3.11"},
		Architectures: []string{"x86_64"}, Zip: inMemory(s.zip), Staging: staging,
	}
	v, adopted, err := p.Publish(s, r)
	if err != nil || adopted {
		return fmt.Errorf("publishing: adopted %t, %w", adopted, err)
	}
	again, adopted, err := p.Publish(s, r)
	if err != nil || !adopted || again.ARN != v.ARN {
		return fmt.Errorf("publishing again: adopted %t, %q for %q, %w", adopted, again.ARN, v.ARN, err)
	}
	read, err := p.Read(s, v.ARN)
	if err != nil || read.CodeSHA256 != store.Sum(s.zip).Base64() {
		return fmt.Errorf("reading: SHA-256 %q, %w", read.CodeSHA256, err)
	}
	if err := s.function(v.ARN); err != nil {
		return err
	}
	users, err := usersOf(s, p, "", v.LayerARN)
	if err != nil || fmt.Sprint(users) != fmt.Sprintf("map[1:[%s]]", s.name) {
		return fmt.Errorf("finding users: %v, %w", users, err)
	}
	if err := p.Delete(s, v.ARN); err != nil {
		return err
	}
	if _, err := p.Read(s, v.ARN); !errors.Is(err, ErrNotFound) {
		return fmt.Errorf("reading what is deleted: %w, want ErrNotFound", err)
	}
	return nil
}

// zeros returns a small zip with one file of n zeros.
func zeros(n int) []byte {
	var packed bytes.Buffer
	deflate, err := flate.NewWriter(&packed, flate.BestSpeed)
	if err != nil {
		panic(err) // the level is a constant
	}
	sum := crc32.NewIEEE()
	block := make([]byte, 1<<20)
	for left := n; left > 0; left -= len(block) {
		part := block[:min(left, len(block))]
		_, writeErr := deflate.Write(part)
		_, sumErr := sum.Write(part)
		if err := errors.Join(writeErr, sumErr); err != nil {
			panic(err) // both write to memory
		}
	}
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	err = deflate.Close()
	f, createErr := w.CreateRaw(&zip.FileHeader{
		Name: "python/zeros", Method: zip.Deflate, CRC32: sum.Sum32(),
		CompressedSize64: uint64(packed.Len()), UncompressedSize64: uint64(n),
	})
	if err := errors.Join(err, createErr); err != nil {
		panic(err)
	}
	_, err = f.Write(packed.Bytes())
	if err := errors.Join(err, w.Close()); err != nil {
		panic(err)
	}
	return b.Bytes()
}
