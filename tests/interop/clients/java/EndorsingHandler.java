import jakarta.xml.soap.SOAPElement;
import java.util.List;
import javax.crypto.spec.SecretKeySpec;
import javax.xml.crypto.dom.DOMStructure;
import javax.xml.crypto.dsig.CanonicalizationMethod;
import javax.xml.crypto.dsig.DigestMethod;
import javax.xml.crypto.dsig.Reference;
import javax.xml.crypto.dsig.SignatureMethod;
import javax.xml.crypto.dsig.SignedInfo;
import javax.xml.crypto.dsig.Transform;
import javax.xml.crypto.dsig.XMLSignatureFactory;
import javax.xml.crypto.dsig.dom.DOMSignContext;
import javax.xml.crypto.dsig.keyinfo.KeyInfo;
import javax.xml.crypto.dsig.spec.C14NMethodParameterSpec;
import javax.xml.crypto.dsig.spec.TransformParameterSpec;
import javax.xml.namespace.QName;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.Node;

/** Endorses a query with an issued token: HMAC-SHA1 over the Timestamp, by the JDK's signatures. */
final class EndorsingHandler extends SecurityHandler {
    private final IssuedToken token;
    private final boolean spoilt;

    EndorsingHandler(IssuedToken token, boolean spoilt) {
        this.token = token;
        this.spoilt = spoilt;
    }

    @Override
    void fill(SOAPElement security, SOAPElement timestamp) throws Exception {
        timestamp.addAttribute(new QName(Names.WSU, "Id", "u"), "_0");
        Document owner = security.getOwnerDocument();
        security.appendChild(owner.importNode(token.encrypted, true));
        security.appendChild(owner.importNode(signature(timestamp), true));
    }

    /** Signed in a document of its own: exclusive canonicalisation does not see where it stands. */
    private Element signature(Node timestamp) throws Exception {
        DocumentBuilderFactory builders = DocumentBuilderFactory.newInstance();
        builders.setNamespaceAware(true);
        Document document = builders.newDocumentBuilder().newDocument();
        Element parent = document.createElementNS(Names.WSSE, "s:Security");
        document.appendChild(parent);
        Element copy = (Element) parent.appendChild(document.importNode(timestamp, true));
        XMLSignatureFactory factory = XMLSignatureFactory.getInstance("DOM");
        Transform transform = factory.newTransform(
            CanonicalizationMethod.EXCLUSIVE, (TransformParameterSpec) null);
        Reference reference = factory.newReference("#_0",
            factory.newDigestMethod(DigestMethod.SHA1, null), List.of(transform), null, null);
        SignedInfo signedInfo = factory.newSignedInfo(
            factory.newCanonicalizationMethod(
                CanonicalizationMethod.EXCLUSIVE, (C14NMethodParameterSpec) null),
            factory.newSignatureMethod(SignatureMethod.HMAC_SHA1, null), List.of(reference));
        KeyInfo keyInfo = factory.getKeyInfoFactory().newKeyInfo(
            List.of(new DOMStructure(document.importNode(token.reference, true))));
        byte[] key = token.proofKey.clone();
        if (spoilt) {
            key[0] ^= 1;
        }
        DOMSignContext context = new DOMSignContext(new SecretKeySpec(key, "HmacSHA1"), parent);
        context.setIdAttributeNS(copy, Names.WSU, "Id");
        factory.newXMLSignature(signedInfo, keyInfo).sign(context);
        return (Element) parent.getLastChild();
    }
}
