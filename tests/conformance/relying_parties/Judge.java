import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.*;
import java.util.*;

/**
 * Of each line (chain, anchor, CRLs, seconds, purpose; by tabs) whether the path is valid. Without
 * CRLs the leaf's OCSP service is asked.
 */
class Judge {
    static final CertificateFactory X509 = factory();

    static CertificateFactory factory() {
        try {
            return CertificateFactory.getInstance("X.509");
        } catch (CertificateException e) {
            throw new IllegalStateException(e);
        }
    }

    static List<X509Certificate> certificates(String file) throws Exception {
        List<X509Certificate> found = new ArrayList<>();
        try (InputStream in = Files.newInputStream(Path.of(file))) {
            for (Certificate one : X509.generateCertificates(in)) {
                found.add((X509Certificate) one);
            }
        }
        return found;
    }

    static Collection<? extends CRL> crls(String file) throws Exception {
        try (InputStream in = Files.newInputStream(Path.of(file))) {
            return X509.generateCRLs(in);
        }
    }

    static String judge(String chain, String anchor, String crls, String seconds, String purpose)
            throws Exception {
        TrustAnchor trusted = new TrustAnchor(certificates(anchor).get(0), null);
        PKIXParameters parameters = new PKIXParameters(Set.of(trusted));
        parameters.setDate(new Date(Long.parseLong(seconds) * 1000));
        var options = EnumSet.of(PKIXRevocationChecker.Option.NO_FALLBACK);
        if (crls.isEmpty()) {
            options.add(PKIXRevocationChecker.Option.ONLY_END_ENTITY);
        } else {
            options.add(PKIXRevocationChecker.Option.PREFER_CRLS);
            var store = new CollectionCertStoreParameters(crls(crls));
            parameters.addCertStore(CertStore.getInstance("Collection", store));
        }
        X509CertSelector target = new X509CertSelector();
        target.setExtendedKeyUsage(Set.of(purpose));
        parameters.setTargetCertConstraints(target);
        CertPathValidator validator = CertPathValidator.getInstance("PKIX");
        var checker = (PKIXRevocationChecker) validator.getRevocationChecker();
        checker.setOptions(options);
        parameters.addCertPathChecker(checker);
        try {
            validator.validate(X509.generateCertPath(certificates(chain)), parameters);
            return "valid";
        } catch (CertPathValidatorException e) {
            String said = e.getClass().getSimpleName() + ": " + e.getMessage();
            return e.getReason() + " " + said.replace('\n', ' ');
        }
    }

    public static void main(String[] arguments) throws Exception {
        for (String line : Files.readAllLines(Path.of(arguments[0]))) {
            String[] part = line.split("\t");
            System.out.println(judge(part[0], part[1], part[2], part[3], part[4]));
        }
    }
}
